# gluster.sh: a real GlusterFS in a test's namespaces: a glusterd with folders of its own, and one volume of bricks on loop file systems, mounted by FUSE.
# Sourced by lab.sh's make_vault gluster, and by who needs a volume of another form.
# shellcheck shell=bash
GLUSTER_HOST=10.77.0.1 # glusterd takes no address of loopback's own net; this one is given to lo

# gluster_daemon: glusterd, whose folders and socket have their places compiled in, sees ours there.
gluster_daemon() {
	local folder
	ip address add "$GLUSTER_HOST/32" dev lo
	for folder in log lib; do mkdir -p "$WORK/gluster/$folder"; done
	mount -t tmpfs run /run
	mkdir -p /run/gluster /run/sshd /var/log/glusterfs /var/lib/glusterd
	mount --bind "$WORK/gluster/log" /var/log/glusterfs
	mount --bind "$WORK/gluster/lib" /var/lib/glusterd
	glusterd --no-daemon --log-level=WARNING --log-file="$WORK/log/glusterd.log" &
	wait_for 30 "glusterd answers" volume list
}
volume() { gluster --mode=script volume "$@"; }

# gluster_volume MOUNTPOINT SIZE N WORD…: N bricks $WORK/gluster/brick-1… (BRICK_FS, as XFS keeps no symlink's target beyond 1023 bytes), made a volume `v` by those
# words (`replica 2`), with the settings that docs/far-ends.md recommends, which is mounted.
gluster_volume() {
	local at=$1 size=$2 n=$3 i bricks=()
	shift 3
	for i in $(seq "$n"); do
		make_fs "$WORK/gluster/brick-$i.img" "$size" "${BRICK_FS:-xfs}" "$WORK/gluster/brick-$i"
		mkdir "$WORK/gluster/brick-$i/b"
		bricks+=("$GLUSTER_HOST:$WORK/gluster/brick-$i/b")
	done
	volume create v "$@" "${bricks[@]}" force
	volume set v network.ping-timeout 5 # one that hangs is given up after so many seconds; 42 unless told
	volume set v storage.gfid2path off
	volume set v storage.max-hardlinks 0
	volume set v performance.stat-prefetch off
	volume start v
	gluster_mount "$at"
}
gluster_mount() {
	mkdir -p "$1"
	MOUNTED=$1
	mount -t glusterfs -o acl,entry-timeout=0,log-level=WARNING "$GLUSTER_HOST:/v" "$1"
}

brick() { echo "$WORK/gluster/brick-$1/b"; }
brick_pid() { pgrep -f "^/usr/sbin/glusterfsd .*--brick-name $(brick "$1") "; }
brick_kill() { # N [SIGNAL]
	kill "-${2:-KILL}" "$(brick_pid "$1")"
}
brick_back() { # those that are dead begin again
	volume start v force
}
no_marks() { # on no brick is anything marked as what another one lacks; heal info reads an index, which may be of a moment before
	[ -z "$(find "$WORK"/gluster/brick-*/b -name .glusterfs -prune -o -print0 | xargs -0 -r getfattr -h --absolute-names -d -m '^trusted[.]afr[.]v-client' -e hex -- 2>/dev/null |
		sed -n '/^trusted/{/=0x0*$/!p}')" ]
}
all_seen() { # who mounts it sees all bricks
	! grep -q '^connected = 0' "$MOUNTED"/.meta/graphs/active/v-client-*/private && ! grep -q '^child_up.* = 0' "$MOUNTED"/.meta/graphs/active/v-replicate-0/private
}
nothing_to_heal() {
	local out
	all_seen && out=$(volume heal v info) && ! grep -q 'not connected' <<<"$out" && ! grep -q '^Number of entries: [^0]' <<<"$out" && no_marks
}
healed() {
	nothing_to_heal || { volume heal v && false; }
}
# mend_symlinks: a symlink that was made in the moment in which a brick died is never healed, nor what its folder lacks: each that waits is made anew, as docs/far-ends.md tells.
mend_symlinks() {
	local at
	volume heal v info | sed -n 's|^\(/.*[^ ]\) *$|\1|p' | while read -r at; do
		at=$MOUNTED$at
		[ -L "$at" ] || continue
		touch -r "${at%/*}" "$WORK/gluster/time"
		! ln -sfn "$(readlink "$at")" "$at.anew" || mv -T "$at.anew" "$at"
		touch -r "$WORK/gluster/time" "${at%/*}"
		say "made anew: $at" >>"$WORK/log/brick-killer.log"
	done
}
# mend_folders: a folder that was renamed while a brick was away may be looked for, for ever, where GlusterFS had put it aside: until it is told to make it anew.
mend_folders() {
	volume set v cluster.use-anonymous-inode off || true
	volume heal v || true
	sleep 4
	volume set v cluster.use-anonymous-inode on || true
	say "made anew: folders" >>"$WORK/log/brick-killer.log"
}
mend_all() { mend_symlinks; nothing_to_heal || mend_folders; }
# gluster_heal [SECONDS]: all bricks are there, and hold the same.
gluster_heal() {
	local at_last=$((SECONDS + 15))
	volume start v force >/dev/null
	until healed >/dev/null 2>&1 || [ $SECONDS -gt $at_last ]; do nap; done
	healed >/dev/null 2>&1 || mend_all >/dev/null
	wait_for "${1:-120}" "the volume is healed" healed
}

# same_part A B [OPTION…]: of two bricks, or one and a source: the same tree; the volume's own attributes set aside, those that rsync takes for its own, and what such a vault does not keep.
same_part() { no_difference --exclude='/.glusterfs*' --filter='-x trusted.*' --filter='-x user.rsync.*' "${@:3}" "$1/" "$2/"; }
# same_bricks: each of two alone holds the same, and each generation with the times of its folders. While a receiver writes, they may differ for a moment. What was removed while one was away may lie in that one's
# trash, where nobody sees it (docs/far-ends.md).
same_bricks() {
	local generation
	same_part "$(brick 1)" "$(brick 2)" --omit-dir-times --exclude='.aob/trash/*' || return 1
	for generation in "$(brick 1)"/{*,*/*}/*/generations/*/; do
		[ -d "$generation" ] || continue
		generation=${generation#"$(brick 1)/"}
		same_part "$(brick 1)/$generation" "$(brick 2)/$generation" || return 1
	done
}

# brick_killer: in each run one of two bricks dies, in turn, while the receiver builds; it comes back seconds later, and the next one dies when all is healed: in a
# volume of two bricks nothing else may be asked. How often: in $WORK/gluster/killed.
brick_killer() {
	local n=0 one since
	trap - ERR
	set +e
	builds() { # in a vault that is a folder of the volume, or a folder below
		local at
		for at in "$(brick 1)"/{*,*/*}/*/.aob/incoming/* "$(brick 2)"/{*,*/*}/*/.aob/incoming/*; do [ ! -e "$at" ] || return 0; done
		return 1
	}
	while :; do
		until builds; do nap; done
		one=$((n % 2 + 1))
		brick_kill "$one" 2>/dev/null || { nap; continue; }
		n=$((n + 1))
		echo "$n" >"$WORK/gluster/killed"
		say "brick $one is killed, the ${n}th"
		sleep $((1 + n % 4))
		brick_back >/dev/null
		since=$SECONDS
		until nothing_to_heal; do
			volume heal v >/dev/null 2>&1
			[ $SECONDS -lt $((since + 15)) ] || { mend_all >/dev/null; since=$SECONDS; }
			nap
		done
		sleep 3 # what reads the index last, ends
	done >>"$WORK/log/brick-killer.log" 2>&1
}
gluster_vault() { # MOUNTPOINT SIZE: a volume of two bricks at a vault's place, and who kills them
	gluster_daemon
	gluster_volume "$1" "$2" 2 replica 2
	[ -n "${BRICKS_LIVE:-}" ] || {
		brick_killer &
		KILLER=$!
		trap gluster_end EXIT
	}
}
gluster_end() { # of a test that passed: a brick was killed, and both hold the same
	local status=$?
	trap - EXIT
	[ $status = 0 ] || exit "$status"
	kill "$KILLER"
	wait "$KILLER" || true
	volume set v cluster.use-anonymous-inode on >/dev/null || true # it may have been told off in the middle of mend_folders
	[ -s "$WORK/gluster/killed" ] || die "no brick was killed: no run was seen"
	say "bricks were killed $(cat "$WORK/gluster/killed") times"
	echo "${0##*/} $(cat "$WORK/gluster/killed")" >>"${BRICK_DEATHS:-/dev/null}"
	gluster_heal 120
	wait_for 60 "the bricks hold the same after the heal" same_bricks_said
}
same_bricks_said() { same_bricks >"$WORK/log/bricks-differ.log"; } # what differs is told with the logs
