#compdef @PROGRAM@
# zsh completion of @PROGRAM@: verbs, options, and what stands behind them. To be found by compinit: in a folder of $fpath, as _@PROGRAM@.

_@NAME@_takes() { # VERB: kinds of the words behind it, and its options with the kinds of their values
	case $1 in
@ARMS@
	esac
}

_@NAME@_kind() { # OPTION VERB: the kind of its value; nothing: it has none
	local each
	[[ -n $1 ]] || return 0
	for each in @GENERAL@ $(_@NAME@_takes "$2"); do
		[[ ${each%%=*} != $1 || $each == $1 ]] || echo ${each#*=}
	done
}

_@NAME@_offer() { # KIND
	local -a names
	case $1 in
	file) _files; return ;;
	folder) _files -/; return ;;
	pipeline) names=(${(f)"$(command @PROGRAM@ ${config:+--config} ${config:+$config} check --pipelines 2>/dev/null)"}) ;;
	kept) [[ -z $root ]] || names=($root/*(/N:t)) ;;
	generation) [[ -z $first ]] || names=(${(f)"$(timeout 3 @PROGRAM@ ${config:+--config} ${config:+$config} list $first --json 2>/dev/null | grep -o '"generation": *"[^"]*"' | cut -d '"' -f 4)"}) ;;
	*,*) names=(${(s:,:)1}) ;;
	esac
	compadd -- $names
}

_@NAME@() {
	local verb first config root option word kind i n=0
	local -a takes kinds options
	if [[ $PREFIX == --*=* ]]; then # --option=value in one word
		option=${PREFIX%%=*}
		compset -P '*='
	fi
	for ((i = 2; i < CURRENT; i++)); do
		word=${(Q)words[i]}
		case $word in
		--config=*) config=${word#*=} ;;
		--root=*) root=${word#*=} ;;
		--*=*) ;;
		--*) kind=$(_@NAME@_kind $word $verb); [[ -z $kind ]] || { i=$((i + 1)); [[ $i != $CURRENT ]] || option=$word
			case $word in --config) config=${(Q)words[i]} ;; --root) root=${(Q)words[i]} ;; esac; } ;;
		*) if [[ -z $verb ]]; then verb=$word; else [[ $n != 0 ]] || first=$word; n=$((n + 1)); fi ;;
		esac
	done
	if [[ -n $option ]]; then
		_@NAME@_offer "$(_@NAME@_kind $option $verb)"
		return
	fi
	takes=($(_@NAME@_takes "$verb"))
	if [[ $PREFIX == -* ]]; then
		options=(@GENERAL@ ${takes[2,-1]})
		compadd -- ${options%%=*}
	elif [[ -z $verb && @FIRST@ != - ]]; then
		_@NAME@_offer @FIRST@
	elif [[ -z $verb ]]; then
		compadd -- @VERBS@
	elif [[ ${takes[1]:--} != - ]]; then
		kinds=(${(s:,:)takes[1]})
		(( n >= $#kinds )) || _@NAME@_offer $kinds[n+1]
	fi
}

_@NAME@ "$@"
