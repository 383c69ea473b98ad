#!/bin/sh
# bare.sh: a vault's end where nothing of ours is installed. wire/bare.c sends this text to a plain `sh`, which then answers line by line; docs/engine-rsync.md has the
# conversation. It needs what every Linux has: sh, rsync, flock, find, stat, sync, date, df, id, mv -T; awk, xargs. Values come as lines, and are never looked at by the shell again.
# What was synced and renamed here is what receiver/publish.c does, in the same order.
set -uf
umask 022
LC_ALL=C
export LC_ALL
part=.aob-part-none
token=
newest=
watcher=
ticker=

say() { printf 'aob1 %s\n' "$*"; }
# no CLASS WORDS: and that is the end.
no() {
	printf 'aob1 no %s\n' "$(printf '%s' "$*" | tr '\n' ' ')"
	exit 0
}
# The end, for what a command SAID while it did WHAT.
failed() { # WHAT SAID
	case $2 in
	*'No space left'* | *'quota exceeded'*) no space "$1: $2" ;;
	*'ermission denied'* | *'not permitted'*) no permission "$1: $2" ;;
	*'nput/output error'* | *'Read-only file system'*) no io "$1: $2" ;;
	esac
	no system "$1: $2"
}
# must WHAT COMMAND…: it succeeds, or the end, in its own words.
must() {
	what=$1
	shift
	said=$("$@" 2>&1) || failed "$what" "$said"
}
# For tests: killed here, as AOB_CRASH_POINT of the client says.
point() { [ "$crash" != "$1" ] || kill -9 $$; }
needs() { command -v "$1" >/dev/null 2>&1 || no config "$1 is not there: install $2 at the far end"; }
in_sync() { if [ -n "$sync_one" ]; then must "syncing" sync -f "$1"; else must "syncing" sync; fi; }
# One line of a small file, whatever its form.
emit() {
	[ -f "$2" ] || return 0
	printf 'aob1 %s ' "$1"
	tr '\n\r' '  ' <"$2"
	echo
}

lock() { # x or s, tries: fd 9; whoever began a command here keeps it until that has ended
	tries=0
	until flock "-$1" -n 9; do
		tries=$((tries + 1))
		[ $tries -lt "$2" ] || no locked "the vault is being written to by another ($(head -n 1 .aob/lock | tr -cd '[:print:]'))"
		sleep 1
	done
}
# Between two locks another may have been here.
still_ours() {
	read -r seen <.aob/session || seen=
	[ "$seen" = "$token" ] || no locked "another has begun to write to the vault meanwhile"
}

generations() { # the names of those that have a record, in order
	set +f
	for record in .aob/generations/*Z.json; do
		[ -f "$record" ] || continue
		record=${record##*/}
		echo "${record%.json}"
	done
	set -f
}
# What lies at PATH: $kind is what stat calls it, `nothing` as the kernel alone says it, or `unknown` with the words of a look that fails for anything else: then nothing is removed for it.
look() { # PATH
	if kind=$(stat -c %F "$1" 2>&1); then return; fi
	case $kind in *'No such file'* | *'ot a directory'*) kind=nothing ;; *) kind="unknown: $kind" ;; esac
}
is_there() { # NAME: if not, $kind tells why
	[ ! -d "generations/$1" ] || [ -L "generations/$1" ] || return 0
	look "generations/$1"
	[ "$kind" = directory ]
}
is_hidden() { case $kind in unknown*) ;; *) false ;; esac; }

lead_current() { # to that generation, by one rename
	must "making current" rm -f .aob/current.new
	must "making current" ln -s "generations/$1" .aob/current.new
	must "making current" mv -T .aob/current.new current
	in_sync .
}

# Out of sight by one rename; what is there already has its own number.
trash() {
	if [ ! -e "$1" ] && [ ! -L "$1" ]; then
		look "$1"
		[ "$kind" != nothing ] || return 0
	fi
	number=$((${number:-0} + 1))
	must "removing" mv -T "$1" ".aob/trash/${1##*/}.$$.$number.$(date +%s)"
}
empty_trash() {
	set +f
	for old in .aob/trash/*; do
		[ -e "$old" ] || [ -L "$old" ] || continue
		find "$old" -type d ! -perm -700 -exec chmod u+rwx {} + 2>/dev/null
		rm -rf "$old" || echo "a part of .aob/trash can't be removed" >&2
	done
	set -f
}

# A link that went silent must not keep the lock: the client says `ping` each minute while rsync works. .aob/alive is there while nothing else is done here.
# A `sleep` that outlives us keeps no disk from being unmounted.
watch_link() {
	alive=$PWD/.aob/alive
	(
		exec 9<&-
		cd /
		while sleep 60 && kill -0 $$; do [ -z "$(find "$alive" -mmin +10)" ] || kill $$; done
	) </dev/null >/dev/null 2>&1 &
	watcher=$!
	trap 'kill $watcher $ticker 2>/dev/null; rm -f .aob/alive' EXIT
}

# What a crash left of a publishing or a removal is gone on with.
recover() {
	newest=
	for name in $(generations); do
		if is_there "$name"; then
			newest=$name
		elif is_hidden; then
			echo "generation $name is kept, though its folder can't be looked at: $kind" >&2
		else
			must "removing a record" rm -f ".aob/generations/$name.json"
		fi
	done
	[ -z "$newest" ] || [ "$(readlink current)" = "generations/$newest" ] || lead_current "$newest"
	empty_trash
}

make_folder() {
	[ ! -L "$1" ] || no refused "$1 in the vault is a symlink"
	[ -d "$1" ] || must "making the folder $1" mkdir "$1"
}

enter() {
	needs rsync rsync
	needs flock "util-linux (or busybox)"
	needs stat "coreutils (or busybox)"
	needs awk "awk (or busybox)"
	needs xargs "findutils (or busybox)"
	cd "$root" 2>/dev/null || no not-found "opening the vault's root $root: it is not there, or may not be entered (is its disk mounted?)"
	case $role in
	writes)
		make_folder "$pipeline"
		cd "./$pipeline" || no permission "opening the folder $pipeline"
		for folder in .aob generations .aob/generations .aob/incoming .aob/trash; do make_folder "$folder"; done
		must "opening the vault's lock" touch .aob/lock
		exec 9<>.aob/lock
		;;
	*)
		[ -f "./$pipeline/.aob/format.json" ] || no not-found "vault $root/$pipeline: there is nothing yet"
		cd "./$pipeline" || no permission "opening the folder $pipeline"
		;;
	esac
	sync_one=
	if sync -f .aob/generations 2>/dev/null; then sync_one=1; fi
	boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime 2>/dev/null | tr -cd '0-9')
	say "hello $(id -u) $(date +%s)"
	say "rsync $(rsync --version 2>/dev/null | sed -n '1s/^rsync *version v*\([0-9.]*\).*/\1/p')"
	say "room $(df -Pk . 2>/dev/null | tail -n 1)"
	emit format .aob/format.json
	emit owner .aob/owner.json
	say "ready"
}

size_of() { stat -c %s "$1"; }

# A killed rsync leaves what it has of a file as .NAME.XXXXXX: it is gone on with as the part that an interrupted one leaves; and behind a part, which is the file's beginning, comes
# what the last generation has there, so that the rest is compared with something. Only what has one link: a file of the source may have a name of that form, and be shared with
# older generations; rsync goes on with a part in place, so what is shared is none, and loses that name.
rescue() {
	PART=$part BASE=$1 TREE=$2 find "$2" -type f -links 1 -name '.?*.??????' -exec sh -c '
		for f; do
			dir=${f%/*} name=${f##*/}
			[ "${dir##*/}" != "$PART" ] || continue
			name=${name#.} && name=${name%.??????}
			[ -e "$dir/$name" ] || [ -L "$dir/$name" ] || {
				mkdir -p "$dir/$PART"
				old=$(stat -c %s "$dir/$PART/$name" 2>/dev/null || echo 0)
				[ "$(stat -c %s "$f")" -le "$old" ] || [ "$(stat -c %h "$f")" != 1 ] || mv -f "$f" "$dir/$PART/$name"
			}
		done' sh {} +
	PART=$part BASE=$1 TREE=$2 find "$2" -type f -path "*/$part/*" -exec sh -c '
		for f; do
			dir=${f%/*} && dir=${dir%/*} name=${f##*/}
			[ "$(stat -c %h "$f")" = 1 ] || { rm -f "$f" && continue; } || exit
			old=generations/$BASE/${dir#"$TREE"}/$name
			[ -n "$BASE" ] && [ -f "$old" ] && [ ! -L "$old" ] || continue
			have=$(stat -c %s "$f")
			[ "$(stat -c %s "$old")" -le "$have" ] || [ "$(stat -c %h "$f")" != 1 ] || tail -c "+$((have + 1))" "$old" >>"$f"
		done' sh {} +
}

# A word that a shell takes for that path; one with control characters is not shown.
word() { # PATH INSTEAD
	case $1 in
	'' | *[[:cntrl:]]*) echo "$2" ;;
	*[!A-Za-z0-9/._+=:,@%-]*) printf "'%s'\n" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# An adoption with --move that was cut off has in its tree the only copy of what it moved (receiver/only_copy.h): nobody but it goes on there. find tells what a look by name would pass over.
no_adoption() {
	held=$(find .aob/incoming -mindepth 2 -maxdepth 2 -name moved-from 2>&1) || failed "looking for an adoption that was cut off (what can't be read in .aob/incoming may hold what it moved: mend it, or, if nobody adopted there with --move, remove it)" "$held"
	for mark in $held; do
		case $(ls -d "${mark%/*}/tree" 2>&1) in *'No such file'*) continue ;; esac
		no locked "an adoption that was cut off has moved files into ${mark%/*}, and they are nowhere else. Say it again where the vault is, and it goes on: aob-receiver adopt --root $(word "$root" ROOT) --tree $(word "$(head -n 1 "$mark")" DIR) --move $pipeline (the folder is what moved-from in there names; if it is gone for good, make it first, empty)"
	done
}

# What of PREV would have to cross again without it: no other tree has it, and it is no part of a file. A file takes time by itself, too.
alone_in() { # PREV
	find "$1" -name '.aob-part-*' -prune -o -type f -links 1 ! -name '.?*.??????' -exec stat -c %s {} + | {
		sum=0
		while read -r size; do sum=$((sum + size + 4096)); done
		echo $sum
	}
}
# rsync links from eight of them: of more, those go that have the least alone.
thin_out() {
	while [ "$(find "$incoming" -maxdepth 1 -name 'prev.*' | wc -l)" -gt 8 ]; do
		least=
		for piece in $(set +f; cd "$incoming" && echo prev.*); do
			has=$(alone_in "$incoming/$piece")
			if [ "$has" -lt "${least:-$((has + 1))}" ]; then least=$has worst=$piece; fi
			[ "$has" -gt 0 ] || break
		done
		trash "$incoming/$worst"
	done
}

# What another run, or attempt, has brought of the same is linked from: RUN/prev.N; rsync never writes to those.
take_over() { # FROM
	for piece in $(set +f; cd "$1" && echo tree prev.*); do
		[ -d "$1/$piece" ] || continue
		case $1/$piece in "$incoming"/prev.*) continue ;; esac
		next=1
		while [ -e "$incoming/prev.$next" ]; do next=$((next + 1)); done
		must "going on with an earlier run" mv -T "$1/$piece" "$incoming/prev.$next"
	done
	thin_out
}

begin() { # RUN BASE HOW
	run=$1 base=$2 how=$3
	[ "$base" != - ] || base=
	incoming=.aob/incoming/$run
	part=.aob-part-$run
	no_adoption
	make_folder "$incoming"
	for other in $(set +f; cd .aob/incoming && echo *); do
		[ "$other" != "$run" ] && [ "$other" != '*' ] || continue
		look ".aob/incoming/$other/rsync.boot"
		if is_hidden; then
			echo "what run $other has left stays, as it can't be looked at: $kind" >&2
			continue
		fi
		if [ "$kind" != nothing ] && [ ! -L ".aob/incoming/$other" ]; then
			# What lay there before a restart of this machine may not have reached its disk.
			[ "$(cat ".aob/incoming/$other/rsync.boot")" = "$boot" ] || echo other >"$incoming/rsync.boot"
			take_over ".aob/incoming/$other"
		fi
		trash ".aob/incoming/$other"
	done
	if [ -d "$incoming/tree" ] && [ "$(cat "$incoming/rsync.how" 2>/dev/null)" != "$how" ]; then take_over "$incoming"; fi
	trash "$incoming/renewed"
	trash "$incoming/parted"
	[ -f "$incoming/rsync.boot" ] || printf '%s\n' "${boot:-unknown}" >"$incoming/rsync.boot" || no space "writing in $incoming"
	printf '%s\n' "$how" >"$incoming/rsync.how" || no space "writing in $incoming"
	resumed=fresh
	if [ -d "$incoming/tree" ]; then
		resumed=resumed
		rescue "$base" "$incoming/tree"
	else
		make_folder "$incoming/tree"
	fi
	compare='times'
	[ -n "$boot" ] && [ "$(cat "$incoming/rsync.boot")" = "$boot" ] || compare='content'
	empty_trash
	say "begun $resumed $compare $(set +f; cd "$incoming" && echo prev.*)"
}

# What takes long says a line now and then, that the client knows it is at work; it passes over such lines.
tick() {
	(
		exec 9<&-
		cd /
		while sleep 60 >/dev/null 2>&1 && kill -0 $$; do echo "at work"; done
	) </dev/null 2>/dev/null &
	ticker=$!
}
tock() {
	kill "$ticker" 2>/dev/null
	ticker=
}

# Two names of one inode in the last generation that are two files by now, alike still, rsync links from there as one; the other way round it makes no mistake. So in the snapshot and
# here as many NAMES are in as many GROUPS of links, or some group here is too large.
links_differ() { # NAMES GROUPS
	all=$(($(in_tree -print0 | tr -cd '\0' | wc -c)))
	into inodes $all in_tree -exec stat -c %i {} +
	into sorted $all sort "$incoming/inodes"
	names=$((all - $(uniq -u "$incoming/sorted" | wc -l)))
	groups=$(($(uniq -d "$incoming/sorted" | wc -l)))
	[ "$names $groups" != "$1 $2" ]
}
in_tree() { (cd "$incoming/tree" && find . ! -type d -links +1 "$@"); } # what may be linked to another name there
# What a command says, in FILE of the run. On a full disk not each tells of it: so many LINES there have to be.
into() { # FILE LINES COMMAND…
	into=$incoming/$1 lines=$2
	shift 2
	said=$(TMPDIR=$PWD/$incoming "$@" 2>&1 >"$into") || failed "listing hard links" "$said"
	[ "$(wc -l <"$into")" -eq "$lines" ] || no space "listing hard links: not all of them have room in $into"
}
# The client looks up what belongs together: RUN/linked has the inode and the name of each, group by group; for a line break in a name stands the byte $break, which is in none.
list_links() {
	for break in 1 2 3 4 5 6 7 8 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 none; do
		[ $break != none ] || no input "names of hard links have each of the control characters in them: rename some"
		octal=$(printf '%o' "$break")
		[ -n "$(in_tree -path "*$(printf "\\$octal")*" -print 2>/dev/null | head -c 1)" ] || break
	done
	into shared $groups uniq -d "$incoming/sorted"
	into both $names names_that_share
	into linked $names sort "$incoming/both"
	make_folder "$incoming/parted"
}
names_that_share() {
	in_tree -print0 | tr "\\n\\0" "\\$octal\\n" | awk -v shared="$incoming/shared" -v inodes="$incoming/inodes" '
		BEGIN { while ((getline inode <shared) > 0) is_shared[inode] }
		{ getline inode <inodes; if (inode in is_shared) print inode "\t" $0 }'
}
links() { # FROM HOW-MANY: of these lines
	tail -n "+$(($1))" "$incoming/linked" | head -n "$(($2))" | sed 's/^/aob1 link /'
	say "links"
}
# RUN/apart has numbers of lines of RUN/linked, in order: `N -`: that name becomes a copy of its own, RUN/parted/N, `N M`: or a link of that one. The next rsync puts attributes right.
part() {
	tick
	into todo $(($(wc -l <"$incoming/apart"))) names_apart
	must "parting hard links" part_names
	tock
	say "parted"
}
names_apart() {
	awk -v apart="$incoming/apart" '
		function next_one() { which[1] = 0; if ((getline line <apart) > 0) split(line, which, " ") }
		BEGIN { next_one() }
		FNR == which[1] { sub(/^[^\t]*\t/, ""); print which[1], which[2], $0; next_one() }' "$incoming/linked"
}
part_names() {
	tr "\\n\\$octal" "\\0\\n" <"$incoming/todo" | (
		cd "$incoming/tree" && xargs -0 sh -c '
			for todo; do
				number=${todo%% *} todo=${todo#* }
				from=${todo%% *} name=${todo#* }
				if [ "$from" = - ]; then
					from=$number
					rm -rf "../parted/$from" && cp -a "$name" "../parted/$from" || exit 255
				fi
				rm -f ../parted/link && ln "../parted/$from" ../parted/link && mv -fT ../parted/link "$name" || exit 255
			done' sh
	)
}

# Files have as many names as this file system counts, and the groups of names that are linked to them in the new tree have no room. What of those groups is in the tree comes into
# RUN/renewed, as links of new files, which rsync then links the groups to instead. All that are full have the same number of names, the most that there are: one of them is tried.
renew() {
	lock x 8
	still_ours
	tick
	make_folder "$incoming/renewed"
	must "making room" rm -f "$incoming/probe"
	find "$incoming/tree" -type f -links +1 -exec stat -c %h {} + >"$incoming/links" || no space "writing in .aob/incoming"
	most=$(sort -rn "$incoming/links" | sed -n 1p)
	# The first word of find's is the one that counts: behind a name that could be made, none is tried.
	said=$(find "$incoming/tree" -type f -links "${most:-0}" -exec sh -c '[ -e "$0" ] || ln "$1" "$0"' "$incoming/probe" {} + 2>&1)
	renewed=0
	if [ -n "$most" ] && [ ! -e "$incoming/probe" ]; then
		case $said in
		*'Too many links'*) ;;
		*) failed "trying a name of a file with $most" "$said" ;;
		esac
		(cd "$incoming/tree" && find . -type f -links "$most" -print0) >"$incoming/group" || no space "writing in .aob/incoming"
		must "parting from files with $most names" rsync -aHAXXS --numeric-ids --from0 --files-from="$incoming/group" "$incoming/tree/" "$incoming/renewed/"
		renewed=$most
	fi
	rm -f "$incoming/probe" "$incoming/links" "$incoming/group"
	tock
	say "renewed $renewed"
}

# Everything has come: no part of a file is left, links are those of the snapshot, and it is on the disk. Whoever still writes there has the lock.
seal() { # NAMES GROUPS
	lock x 8
	still_ours
	must "removing what was parted" rm -rf "$incoming/parted"
	left=$(find "$incoming/tree" -name "$part" -type d -prune -exec rm -rf {} + -print | wc -l)
	if [ "$1" != - ]; then
		tick
		if links_differ "$1" "$2"; then
			list_links
			tock
			say "linked $names $break"
			return
		fi
		tock
	fi
	count=$(find "$incoming/tree" -print0 | tr -cd '\0' | wc -c)
	if [ "$left" -eq 0 ]; then in_sync "$incoming/tree"; fi
	point far-synced
	say "sealed $((left)) $((count)) $(date +%s)"
}

publish() { # NAME; the record comes as a line
	name=$1
	IFS= read -r record || exit 0
	[ ! -e "generations/$name" ] && [ ! -L "generations/$name" ] || no protocol "generation $name is there already"
	printf '%s\n' "$record" >".aob/generations/$name.new" || no space "writing the record of $name"
	in_sync .aob/generations
	must "writing the record of $name" mv -T ".aob/generations/$name.new" ".aob/generations/$name.json"
	in_sync .aob/generations
	point far-recorded
	must "publishing $name" mv -T "$incoming/tree" "generations/$name"
	point far-renamed
	in_sync generations
	lead_current "$name"
	point far-current
	trash "$incoming"
	say "published $name"
	empty_trash
}

remove() { # NAME
	if ! is_there "$1"; then
		if is_hidden; then say "kept its folder can't be looked at"; else say "removed $1"; fi
		return
	fi
	if [ "$1" = "$newest" ] || [ "$(readlink current)" = "generations/$1" ]; then
		say "kept it is the newest one"
		return
	fi
	exec 8<"generations/$1"
	if ! flock -x -n 8; then
		say "kept it is being read"
		return
	fi
	trash "generations/$1"
	in_sync generations
	point far-trashed
	must "removing a record" rm -f ".aob/generations/$1.json"
	in_sync .aob/generations
	point far-record-removed
	exec 8<&-
	empty_trash
	say "removed $1"
}

put() { # NAME LINES: a file, by one rename; its lines follow
	printf '' >"$1.aob-new" || no space "writing $1"
	lines=$2
	while [ "$lines" -gt 0 ] && IFS= read -r text; do
		printf '%s\n' "$text" >>"$1.aob-new" || no space "writing $1"
		lines=$((lines - 1))
	done
	[ "$lines" -eq 0 ] || exit 0
	in_sync .
	must "writing $1" mv -T "$1.aob-new" "$1"
	in_sync .
	say "put $1"
}

list() {
	listed=
	hidden=
	for name in $(generations); do
		if is_there "$name"; then
			emit "generation $name" ".aob/generations/$name.json"
			listed=$name
		elif is_hidden; then
			hidden="generation $name: $kind"
			echo "generation $name is not listed, as its folder can't be looked at: $kind" >&2
		fi
	done
	# Else all would be sent, as if there were none.
	[ -n "$listed" ] || [ -z "$hidden" ] || no io "looking at what is there: $hidden"
	say "current $(readlink current)"
}

IFS= read -r root && IFS= read -r pipeline && IFS= read -r role && IFS= read -r crash || exit 0
enter
while read -r verb one two three; do
	[ -z "$token" ] || rm -f .aob/alive
	case $verb in
	ping) ;;
	list) list ;;
	take)
		lock x 8
		token=$one
		printf '%s\n' "$token" >.aob/session || no space "writing .aob/session"
		if [ ! -f .aob/format.json ]; then
			rm -f .aob/probe
			said=$(ln .aob/session .aob/probe 2>&1) || case $said in
			*'not permitted'* | *'ot supported'* | *'not implemented'*) no config "the file system of $root has no hard links, and each generation is made of them" ;;
			*) failed "trying a hard link" "$said" ;;
			esac
			rm -f .aob/probe
		fi
		printf 'process %s over ssh, since %s\n' $$ "$(date +%s)" >.aob/lock
		recover
		watch_link
		# Does this file system keep fractions of a second? Of two files one may well be of a whole one.
		fine='seconds'
		for file in .aob/session .aob/lock; do
			fraction=$(stat -c %y "$file" 2>/dev/null)
			case $fraction in *.*) fraction=${fraction#*.} ;; *) continue ;; esac
			case ${fraction%% *} in *[1-9]*) fine='fractions' ;; esac
		done
		say "taken $fine"
		;;
	begin) begin "$one" "$two" "$three" ;;
	share)
		# The one before may still be there, with what lies on the line to it: never two of them in one tree.
		lock x 120
		still_ours
		lock s 8
		still_ours
		say "shared"
		;;
	renew) renew ;;
	seal) seal "$one" "$two" ;;
	links) links "$one" "$two" ;;
	part) part ;;
	drop)
		no_adoption
		trash ".aob/incoming/$one"
		say "dropped"
		empty_trash
		;;
	publish) publish "$one" ;;
	remove) remove "$one" ;;
	put) put "$one" "$two" ;;
	bye) exit 0 ;;
	*) no protocol "no verb $verb" ;;
	esac
	[ -z "$token" ] || echo >.aob/alive
	# Behind that: a disk that hangs has no answer.
	[ "$verb" != ping ] || say pong
done
