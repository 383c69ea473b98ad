# lab.sh: what the integration tests share: a NAS on btrfs, a vault on a file system of its own, a real sshd with its own keys,
# our processes under a real supervisord. Sourced first by every test; run-integration gives WORK, BUILD and the namespaces.
# shellcheck shell=bash
set -euo pipefail
: "${WORK:?run me by tests/run-integration}" "${BUILD:?}"
export PATH="$BUILD:$PATH" AOB_CONFIG="$WORK/aob.yaml"
ROOT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
NAS="$WORK/nas" VAULT="$WORK/vault" SOURCE="$WORK/nas/data" SSH_PORT=2222
mkdir -p "$WORK/run" "$WORK/log"
chmod 750 "$WORK/run" # the broker wants its sockets' folder closed to others
ip link set lo up

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
die() { # the logs first: what failed is best seen at the end
	for log in "$WORK"/log/*.log; do
		[ ! -s "$log" ] || { echo "--- ${log##*/}"; tail -n 40 "$log"; }
	done
	say "FAILED: $*"
	exit 1
}
trap 'die "line $LINENO: $BASH_COMMAND"' ERR

# A fork costs most of what a look costs: the pause between two looks is a read of what nobody writes to.
exec {never}<> <(:)
nap() { read -rt 0.25 -u "$never" _ || true; }

# wait_for SECONDS WHAT COMMAND…: until the command succeeds. PATIENCE: how many times as long, where all is slow.
wait_for() { within "$1" "${@:3}" || die "not within $(($1 * ${PATIENCE:-1})) s: $2"; }
within() { # SECONDS COMMAND…: the same, where it is for the caller to say what it means that it does not
	local end=$((SECONDS + $1 * ${PATIENCE:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		nap
	done
}
# holds SECONDS WHAT COMMAND…: the command goes on succeeding for so long.
holds() {
	local limit=$1 what=$2 end
	shift 2
	end=$((SECONDS + limit))
	while [ $SECONDS -lt $end ]; do
		"$@" >/dev/null 2>&1 || die "did not hold for $limit s: $what"
		nap
	done
}

make_fs() { # FILE SIZE TYPE MOUNTPOINT; TYPE gluster: a volume whose bricks die, once for each test
	if [ "$3" = gluster ]; then
		# shellcheck source=tests/integration/tools/gluster.sh
		. "$ROOT_DIR/tests/integration/tools/gluster.sh"
		gluster_vault "$4" "$2"
		return
	fi
	rm -f "$WORK"/ledgers/*.vault.json # a new vault at an old one's place is meant
	truncate -s "$2" "$1"
	"mkfs.$3" -q "$1" 2>/dev/null || "mkfs.$3" "$1" >/dev/null
	mkdir -p "$4"
	mount -o loop "$1" "$4"
}
make_nas() { # [SIZE]
	make_fs "$WORK/nas.img" "${1:-2G}" btrfs "$NAS"
	btrfs -q subvolume create "$SOURCE"
}
make_vault() { # [TYPE [SIZE]]; VAULT_TYPE=gluster: on a volume whose bricks die, whatever the test says
	make_fs "$WORK/vault.img" "${2:-2G}" "${VAULT_TYPE:-${1:-ext4}}" "$VAULT"
	mkdir "$VAULT/offsite"
}

strategies_of_vault() { # STRATEGY…: of these, what such a vault can
	if [ "${VAULT_TYPE:-}" = gluster ]; then echo hardlink; else echo "$@"; fi
}
vault_is_read_only() { # from now on; a mount by FUSE can only be seen so by another one
	mount -o remount,ro "$VAULT" 2>/dev/null || { mount --bind "$VAULT" "$VAULT" && mount -o remount,bind,ro "$VAULT"; }
	! touch "$VAULT/offsite" 2>/dev/null || die "it can be written to"
}

# ENGINE=rsync: the far end has rsync and ssh alone: nothing of ours is started there, and the key may do what its user may.
: "${ENGINE:=native}"
native() { [ "$ENGINE" = native ]; } # else a step whose promise a vault without a receiver does not give is left out: tests/integration/vault-suite says so
# For what a transfer does without a broker: snapshots made by hand, and one request each.
snapshot() { # the next one of $SOURCE: $SNAP, $UUID, its number $n
	n=$((${n:-0} + 1))
	SNAP="$NAS/.aob-snapshots/p.r$n"
	mkdir -p "$NAS/.aob-snapshots"
	btrfs -q subvolume snapshot -r "$SOURCE" "$SNAP"
	UUID=$(btrfs subvolume show "$SNAP" | awk '$1 == "UUID:" { print $2 }')
}
once() { # ROOT [STRATEGY [WITH [ATTEMPT [BELOW]]]]: the newest snapshot, or the folder BELOW in it, into that vault; UNPROVEN=1: without a ledger
	local attempt
	once_request "$@"
	! transfer_once || return 0
	# Where bricks die, what was open when one of them did may fail, and the root hash may be read off a brick that is not healed yet; then the broker would have it tried again.
	[ "${VAULT_TYPE:-}" = gluster ] && [ -z "${AOB_CRASH_POINT:-}${ONLY_ONCE:-}" ] || return 1
	for attempt in 1 2 3; do
		[ "$(jq -r .status "$WORK/answer.json")" = retry ] || return 1
		sleep 5
		once_request "$1" "${2:-auto}" "${3:-}" $((${4:-1} + attempt)) "${5:-}"
		! transfer_once || return 0
	done
	return 1
}
transfer_once() { aob-transfer --config "$WORK/once.yaml" --once "$WORK/request.json" >"$WORK/answer.json" 2>>"$WORK/log/once.log"; }
once_request() { # the same, only written down
	local with=${3:-}
	[ "$ENGINE" = native ] || with=$(jq -c --arg engine "$ENGINE" '. + {engine: $engine}' <<<"${with:-{\}}")
	printf 'broker: { state: %s }\nvaults:\n  v: { path: /elsewhere }\npipelines:\n  p:\n    source: %s\n    vault: v\n    stages: [snapshot, transfer]\n' \
		"$WORK/${UNPROVEN:+none/}state.db" "$SOURCE" >"$WORK/once.yaml"
	cat >"$WORK/request.json" <<-END
		{"v":1,"job":"r$n/${4:-1}","run":"r$n","pipeline":"p","attempt":${4:-1},"source":"$SOURCE","trigger":"manual","dry_run":${DRY_RUN:-false},
		 "vault":{"name":"v","root":"$1","strategy":"${2:-auto}"},"with":${with:-{\}},
		 "results":{"snapshot":{"path":"$SNAP${5:+/$5}","snapshot":"$SNAP","uuid":"$UUID","ctransid":$n,"state":"quiet","taken_at":$((1600000000 + n))}}}
	END
}
answer_error() { jq -r .error.code "$WORK/answer.json"; }
answer() { jq -r ".result.$1" "$WORK/answer.json"; }

# HOME is set so that nothing in this machine's own shell files has a say.
start_sshd() { # a real sshd on loopback; its forced command is the receiver, as docs tell an admin to set it up
	mkdir -p "$WORK/ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/ssh/host_key"
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/ssh/nas_key"
	local may="restrict,command=\"$BUILD/aob-receiver serve --root $VAULT/offsite\"" login=forced-commands-only
	[ "$ENGINE" = native ] || may=restrict login=prohibit-password
	echo "$may $(cat "$WORK/ssh/nas_key.pub")" >"$WORK/ssh/authorized_keys"
	echo "[127.0.0.1]:$SSH_PORT $(cut -d' ' -f1,2 "$WORK/ssh/host_key.pub")" >"$WORK/ssh/known_hosts"
	cat >"$WORK/ssh/sshd_config" <<-END
		ListenAddress 127.0.0.1:$SSH_PORT
		HostKey $WORK/ssh/host_key
		AuthorizedKeysFile $WORK/ssh/authorized_keys
		PidFile $WORK/ssh/sshd.pid
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		PermitRootLogin $login
		SetEnv HOME=$WORK/ssh
	END
	chmod 600 "$WORK"/ssh/*_key
	/usr/sbin/sshd -f "$WORK/ssh/sshd_config" -E "$WORK/log/sshd.log"
}

# far_user: from now on what the key reaches is not root but nobody, to whom $VAULT/offsite belongs.
far_user() {
	chown nobody "$VAULT/offsite"
	chmod 755 "$WORK"
	if native; then
		sed -i "s|command=\"\([^\"]*\)\"|command=\"setpriv --reuid=nobody --regid=nogroup --clear-groups \1\"|" "$WORK/ssh/authorized_keys"
	else # his login runs what he is told to, as sshd's shell would
		sed -i "s|^restrict|restrict,command=\"setpriv --reuid=nobody --regid=nogroup --clear-groups sh -c \\\\\"\$SSH_ORIGINAL_COMMAND\\\\\"\"|" "$WORK/ssh/authorized_keys"
	fi
}
# far_crash: from now on what runs at the far end dies once, at the place that the file $WORK/crash names.
far_crash() {
	if native; then
		cat >"$WORK/receiver" <<-END
			#!/bin/sh
			point=\$(cat "$WORK/crash" 2>/dev/null) && rm -f "$WORK/crash"
			AOB_CRASH_POINT=\$point exec "$BUILD/aob-receiver" serve --root "$VAULT/offsite"
		END
		sed -i "s|command=\"[^\"]*\"|command=\"$WORK/receiver\"|" "$WORK/ssh/authorized_keys"
	else # the far shell is told its place in the line behind what it is there for
		cat >"$WORK/receiver" <<-END
			#!/bin/bash
			point=\$(cat "$WORK/crash" 2>/dev/null)
			case "\$point/\$SSH_ORIGINAL_COMMAND" in ?*/*'dd bs=1 count='*) ;; *) exec sh -c "\$SSH_ORIGINAL_COMMAND" ;; esac
			exec 3<&0
			sh -c "\$SSH_ORIGINAL_COMMAND" < <(exec sed -u "/^writes\\\$/{n;s/.*/\$point/}" <&3) 3<&-
			status=\$?
			[ \$status != 137 ] || rm -f "$WORK/crash"
			kill \$! 2>/dev/null
			exit \$status
		END
		sed -i "s|^restrict|restrict,command=\"$WORK/receiver\"|" "$WORK/ssh/authorized_keys"
	fi
	chmod +x "$WORK/receiver"
}

# write_config [KEY=VALUE…]: idle, max_wait, rate, brake, verify_every, rehearse, stages (YAML text for the stages between snapshot and prune), prune, port, exclude
write_config() {
	local idle=2s max_wait=1h rate=unlimited brake=50% verify_every=30d rehearse=never stages='' prune='last: 50' port=$SSH_PORT local_vault='' exclude='[]'
	[ $# = 0 ] || local "$@"
	[ "$ENGINE" = native ] || brake=off verify_every=never rehearse=never
	cat >"$AOB_CONFIG.new" <<-END
		broker:
		  endpoint: ipc://$WORK/run/broker
		  events: ipc://$WORK/run/events
		  state: $WORK/state.db
		vaults:
		  dad:
		$(if [ -n "$local_vault" ]; then
			echo "    path: $VAULT/offsite"
		else
			printf '    ssh: root@127.0.0.1:%s\n    root: %s\n    identity: %s\n    ssh_options: ["UserKnownHostsFile=%s"]\n' \
				"$port" "$VAULT/offsite" "$WORK/ssh/nas_key" "$WORK/ssh/known_hosts"
		fi)
		    rate: $rate
		pipelines:
		  mac:
		    source: $SOURCE
		    vault: dad
		    watch: { idle: $idle, max_wait: $max_wait }
		    brake: $brake
		    verify_every: $verify_every
		    rehearse: $rehearse
		    stages:
		      - snapshot: { driver: btrfs }
		$stages
		      - transfer: { engine: $ENGINE, exclude: $exclude }
		      - prune: { $prune }
	END
	mv "$AOB_CONFIG.new" "$AOB_CONFIG"
}

start_aob() { # our processes, as deploy/supervisord has them, restarted when they die
	sed -e "s|/usr/local/bin|$BUILD|g; s|/etc/aob/aob.yaml|$AOB_CONFIG|g; s|/var/log/aob|$WORK/log|g" \
		"$ROOT_DIR/deploy/supervisord/aob.conf" >"$WORK/aob.conf"
	cat >"$WORK/supervisord.conf" <<-END
		[supervisord]
		logfile=$WORK/log/supervisord.log
		pidfile=$WORK/run/supervisord.pid
		childlogdir=$WORK/log
		[unix_http_server]
		file=$WORK/run/supervisor.sock
		[supervisorctl]
		serverurl=unix://$WORK/run/supervisor.sock
		[rpcinterface:supervisor]
		supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
		[include]
		files=$WORK/aob.conf
	END
	supervisord -c "$WORK/supervisord.conf"
	wait_for 20 "the broker answers" aob status
}
ctl() { supervisorctl -c "$WORK/supervisord.conf" "$@"; }
pid_of() { ctl pid "$1"; }

status_of() { aob status --json | jq -r ".pipelines[0]$1"; }
is() { [ "$(status_of "$1")" = "$2" ]; } # is .last_run.state ok
generations() { find "$VAULT/offsite/mac/generations" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort; }
# Asked for again and again while something is waited for: by the shell alone, without a process.
n_generations() {
	local all=("$VAULT/offsite/mac/generations"/*/)
	if [ -d "${all[0]}" ]; then echo ${#all[@]}; else echo 0; fi
}
has_generations() { [ "$(n_generations)" = "$1" ]; }
published() { [ "$(n_generations)" -ge "$1" ] && [ "$(status_of ' | .running == null and .last_run.state == "ok"')" = true ]; }
current() { readlink -f "$VAULT/offsite/mac/current"; }
newest_snapshot() { find "$NAS/.aob-snapshots" -mindepth 1 -maxdepth 1 -name 'mac.*' | sort | tail -1; }

# as_a_vault_keeps_it: of rsync's list of differences, without what such a vault keeps of nothing: on GlusterFS owners and times of symlinks; and, where bricks die, the time of whatever got it while one was away
# (docs/far-ends.md; 735 has the times).
as_a_vault_keeps_it() {
	if [ "${VAULT_TYPE:-}" != gluster ]; then cat; elif [ -n "${BRICKS_LIVE:-}" ]; then sed '/^[.h]L[.][.]/d'; else sed '/^[.h]L[.][.]/d; /^[.h][fdDS][.][.]t[.]* /d'; fi
}
bricks_agree() { # on GlusterFS: nothing waits to be healed, still after a while. Until then link counts are a brick's own, and a file in a folder with a default ACL may have the one that it inherits.
	[ "${VAULT_TYPE:-}" = gluster ] || return 0
	wait_for 60 "the volume is healed" nothing_to_heal
	sleep 3
	wait_for 60 "the volume is healed" nothing_to_heal
}
# again_when_healed COMMAND…: it succeeds, on GlusterFS at the latest when the bricks agree; the next of them may die while it reads, so three times. What it says is that of the last time.
again_when_healed() {
	local i said status=0
	for i in 1 2 3; do
		status=0
		said=$("$@") || status=$?
		[ $status != 0 ] && [ $i != 3 ] && [ "${VAULT_TYPE:-}" = gluster ] || break
		within 60 nothing_to_heal || break
	done
	[ -z "$said" ] || printf '%s\n' "$said"
	return $status
}
# same_tree A B: no difference in names, content, metadata, links; our own two xattrs set aside, XFS's other form of an ACL, and what a vault does not keep
same_tree() { again_when_healed same_tree_now "$@"; }
same_tree_now() { no_difference --filter='-x user.aob.*' --filter='-x trusted.SGI_ACL_*' "$1/" "$2/"; }
no_difference() { # OPTION… A/ B/: none that rsync sees, but for what a vault does not keep; else the first are listed
	local difference
	difference=$(rsync -aHAXnc --delete --itemize-changes "$@" | as_a_vault_keeps_it) || difference+=" rsync failed"
	[ -z "$difference" ] || { printf '%s\n' "$difference" | head -40; return 1; }
}
# fingerprint DIR: one line for all names, metadata (inode and link count too), xattrs and contents; on GlusterFS without times
fingerprint() {
	local times=%T@
	bricks_agree
	[ "${VAULT_TYPE:-}" != gluster ] || times=
	(cd "$1" && {
		find . -printf "%P\\0%y %m %U %G %s $times %i %l\\0" | LC_ALL=C sort -z
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum -z --
		find . -print0 | LC_ALL=C sort -z | xargs -0 -r getfattr -h -m - -d --absolute-names -e hex -- 2>/dev/null
	} | sha256sum)
}

# vault_suite gluster|rsync: the tests of tests/integration/vault-suite, as that column has them, each by run-integration in namespaces below these: which failed, if any, is told at the end.
vault_suite() {
	local name gluster rsync rest how failed=()
	vault_suite_is_right
	# shellcheck disable=SC2034 # the one that ${!1} names is read
	while IFS='|' read -r name gluster rsync rest; do
		how=${!1} name=${name// /}
		how=${how# } how=${how% }
		[[ $how != no:* ]] || { say "$name: $how"; continue; }
		[[ $how =~ ^([A-Z_]+=[^ ]+( [A-Z_]+=[^ ]+)*): ]] && how=${BASH_REMATCH[1]} || how=
		# shellcheck disable=SC2086 # some settings, each a word
		env -u WHOLE $how "$ROOT_DIR/tests/run-integration" "$name" || failed+=("$name")
	done < <(grep '^[0-9]' "$ROOT_DIR/tests/integration/vault-suite")
	[ ${#failed[@]} = 0 ] || die "$1: ${failed[*]}"
}
vault_suite_is_right() { # each line has its form, and names a test
	local column='((no|but|[A-Z_]+=[^ :|]+( [A-Z_]+=[^ :|]+)*): [^|]+)?' line
	while read -r line; do
		[[ $line =~ ^([0-9]{3}-[^ |]+)\ \|\ ?$column\ ?\|\ ?$column$ ]] || die "tests/integration/vault-suite: not of the form that its head tells: $line"
		[ -x "$ROOT_DIR/tests/integration/${BASH_REMATCH[1]}" ] || die "tests/integration/vault-suite: no test has the name ${BASH_REMATCH[1]}"
	done < <(sed '/^#/d' "$ROOT_DIR/tests/integration/vault-suite")
}
