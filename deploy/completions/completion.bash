# bash completion of @PROGRAM@: verbs, options, and what stands behind them. Without the package bash-completion: `source` it in ~/.bashrc.

_@NAME@_takes() { # VERB: kinds of the words behind it, and its options with the kinds of their values
	case $1 in
@ARMS@
	esac
}

_@NAME@_names() { # KIND: what there is of it
	case $1 in
	pipeline) command @PROGRAM@ ${config:+--config "$config"} check --pipelines 2>/dev/null ;;
	kept) [ -z "$root" ] || compgen -d -- "$root/" | sed 's|.*/||' ;;
	generation) [ -z "$first" ] || timeout 3 @PROGRAM@ ${config:+--config "$config"} list "$first" --json 2>/dev/null | grep -o '"generation": *"[^"]*"' | cut -d '"' -f 4 ;;
	*,*) printf '%s\n' "${1//,/ }" ;;
	esac
}

_@NAME@_offer() { # KIND CURRENT
	case $1 in
	file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$2" | sort) ;;
	folder) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$2" | sort) ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$(_@NAME@_names "$1")" -- "$2") ;;
	esac
}

_@NAME@() {
	local current=${COMP_WORDS[COMP_CWORD]} verb='' first='' config='' root='' option='' word i n=0 takes=() kinds=() options=() kind
	COMPREPLY=()
	# Readline makes words of their own of the `=` of --option=value.
	[ "$current" != = ] || current=
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		=) ;;
		--*) option=$word; continue ;;
		*)
			kind=$(_@NAME@_kind "$option" "$verb")
			if [ -n "$kind" ]; then
				case $option in --config) config=$word ;; --root) root=$word ;; esac
			elif [ -z "$verb" ]; then
				verb=$word
			else
				[ $n != 0 ] || first=$word
				n=$((n + 1))
			fi
			option=
			;;
		esac
	done
	kind=$(_@NAME@_kind "$option" "$verb")
	if [ -n "$kind" ]; then
		_@NAME@_offer "$kind" "$current"
		return
	fi
	read -ra takes <<<"$(_@NAME@_takes "$verb")"
	if [[ $current == -* ]]; then
		options=(@GENERAL@ "${takes[@]:1}")
		mapfile -t COMPREPLY < <(compgen -W "${options[*]%%=*}" -- "$current")
	elif [ -z "$verb" ] && [ @FIRST@ != - ]; then
		_@NAME@_offer @FIRST@ "$current"
	elif [ -z "$verb" ]; then
		mapfile -t COMPREPLY < <(compgen -W '@VERBS@' -- "$current")
	elif [ "${takes[0]:--}" != - ]; then
		IFS=, read -ra kinds <<<"${takes[0]}"
		[ $n -ge ${#kinds[@]} ] || _@NAME@_offer "${kinds[n]}" "$current"
	fi
}

_@NAME@_kind() { # OPTION VERB: the kind of its value; nothing: it has none
	local each
	[ -n "$1" ] || return 0
	for each in @GENERAL@ $(_@NAME@_takes "$2"); do
		[ "${each%%=*}" != "$1" ] || [ "$each" = "$1" ] || echo "${each#*=}"
	done
}

complete -F _@NAME@ @PROGRAM@
