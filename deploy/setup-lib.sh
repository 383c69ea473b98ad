# setup-lib.sh: what nas-setup and vault-setup share: how they ask, tell, change and end. Sourced by both; `make install` puts it into each, so that they are
# one file, which may be copied to a machine without packages. Any POSIX shell, busybox's too.
# shellcheck shell=sh
# ME: how the program is called. Exit statuses are those of sysexits.h.
YES='' DRY_RUN='' UPGRADES='' CHANGES=0
EX_USAGE=64 EX_NOINPUT=66 EX_UNAVAILABLE=69 EX_OSERR=71 EX_CANTCREAT=73 EX_NOPERM=77 EX_CONFIG=78
umask 022
export LC_ALL=C

step() { printf '\n%s\n' "$*"; }
found() { printf '  found   %s\n' "$*"; }
tell() { printf '          %s\n' "$*"; }
warn() { printf '  beware  %s\n' "$*"; }

# fail STATUS WHAT [REMEDY…]: a line each.
fail() {
	fail_status=$1
	printf '\n%s: %s\n' "$ME" "$2" >&2
	shift 2
	for line in "$@"; do printf '  %s\n' "$line" >&2; done
	exit "$fail_status"
}

# change WHAT COMMAND…: does it and says so; with --dry-run it only says so.
change() {
	change_what=$1
	shift
	CHANGES=$((CHANGES + 1))
	if [ -n "$DRY_RUN" ]; then
		printf '  would   %s\n' "$change_what"
		return 0
	fi
	"$@" || fail $EX_OSERR "could not do this: $change_what" "the command was: $*"
	printf '  done    %s\n' "$change_what"
}

# A folder for what is not ready yet. What it is made of lies beside its place, and is renamed there as a whole: an interrupt leaves the old or the new.
SCRATCH=''
clean_up() {
	[ -z "$SCRATCH" ] || rm -rf "$SCRATCH"
}
trap clean_up EXIT
# Said by whoever is interrupted; nothing is half done then.
INTERRUPTED='What was done stays; run the same command again, and it goes on from there.'
interrupted() {
	trap - INT TERM HUP
	printf '\n%s: interrupted. %s\n' "$ME" "$INTERRUPTED" >&2
	exit 130
}
trap interrupted INT TERM HUP
scratch() {
	[ -n "$SCRATCH" ] || SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/$ME.XXXXXX") || fail $EX_CANTCREAT "no room for temporary files" "give a folder that can be written: TMPDIR=/some/folder"
}

asks() { [ -z "$YES" ]; }
want_terminal() {
	[ -n "$YES" ] || [ -t 0 ] || fail $EX_USAGE "there is no terminal to ask at" "give what is wanted by options, and --yes; $ME --help names them"
}
# ask QUESTION DEFAULT: the answer is in $ANSWER. With --yes it is the default.
ask() {
	ANSWER=$2
	asks || return 0
	printf '  %s%s ' "$1" "${2:+ [$2]}"
	IFS= read -r ANSWER || fail $EX_NOINPUT "no answer"
	[ -n "$ANSWER" ] || ANSWER=$2
}
# confirm QUESTION yes|no
confirm() {
	while :; do
		ask "$1 (yes/no)" "$2"
		case "$ANSWER" in
		y | yes | Y | Yes | YES) return 0 ;;
		n | no | N | No | NO) return 1 ;;
		esac
		tell "yes or no, please"
	done
}

# What goes into a forced command, a URL-less ssh word or YAML is only what means itself in all of them.
path_is_plain() {
	case "$1" in
	*[!A-Za-z0-9._/@+-]* | *//* | */../* | */.. | */./*) return 1 ;;
	/*) [ "$1" != / ] ;;
	*) return 1 ;;
	esac
}
name_is_plain() {
	case "$1" in
	'' | *[!A-Za-z0-9._-]* | [!A-Za-z0-9]*) return 1 ;;
	*) [ ${#1} -le 64 ] ;;
	esac
}
want_path() { # OPTION VALUE
	path_is_plain "$2" || fail $EX_USAGE "$1: '$2' is not an absolute path of letters, digits and . _ - + @ /" "choose another folder, or set it up by hand: docs/operations.md"
}

# Of the floors that the receiver holds: $FLOORS, as they stand in the forced command.
FLOORS='' FLOORS_GIVEN=''
KEEP_AT_LEAST='' KEEP_FOR='' APPEND_ONLY='' BRAKE='' RELEASE_HERE=''
# take_floor OPTION [VALUE]: 0: it is one, and FLOOR_WORDS says how many words it took.
take_floor() {
	FLOOR_WORDS=2
	case "$1" in
	--keep-at-least)
		case "${2:-}" in '' | *[!0-9]*) fail $EX_USAGE "$1 wants a number of generations, such as 10" ;; esac
		KEEP_AT_LEAST=$2 ;;
	--keep-for)
		case "${2:-}" in [0-9]*) ;; *) fail $EX_USAGE "$1 wants a time, such as 30d" ;; esac
		case "$2" in *[!0-9a-z.]*) fail $EX_USAGE "$1 wants a time, such as 30d" ;; esac
		KEEP_FOR=$2 ;;
	--brake)
		case "${2:-}" in *[!0-9%]* | '') fail $EX_USAGE "$1 wants a share, such as 50%" ;; esac
		BRAKE=$2 ;;
	--append-only) APPEND_ONLY=yes FLOOR_WORDS=1 ;;
	--release-here-only) RELEASE_HERE=yes FLOOR_WORDS=1 ;;
	--no-floor) FLOOR_WORDS=1 ;;
	*) return 1 ;;
	esac
	FLOORS_GIVEN=yes
}
# Without a word of the user: that a NAS in wrong hands can't have the last month, and the last ten, removed.
set_floors() {
	if [ -z "$FLOORS_GIVEN" ]; then KEEP_AT_LEAST=10 KEEP_FOR=30d; fi
	FLOORS="${APPEND_ONLY:+ --append-only}${KEEP_AT_LEAST:+ --keep-at-least $KEEP_AT_LEAST}${KEEP_FOR:+ --keep-for $KEEP_FOR}${BRAKE:+ --brake $BRAKE}${RELEASE_HERE:+ --release-here-only}"
}

# The program of ours that is called $1: beside this script, else on PATH. In $PROGRAM; 1: there is none.
find_program() {
	for PROGRAM in "${0%/*}/../bin/$1" "$(command -v "$1" 2>/dev/null || true)"; do
		[ -n "$PROGRAM" ] && [ -x "$PROGRAM" ] || continue
		PROGRAM=$(cd "${PROGRAM%/*}" && pwd)/$1
		return 0
	done
	return 1
}

# Security updates by themselves, if that is wanted: Debian and its relatives by unattended-upgrades; others have their own ways.
upgrades_run() {
	command -v unattended-upgrade >/dev/null 2>&1 &&
		apt-config dump APT::Periodic::Unattended-Upgrade 2>/dev/null | grep -q '"[1-9]' &&
		apt-config dump APT::Periodic::Update-Package-Lists 2>/dev/null | grep -q '"[1-9]'
}
install_upgrades() {
	if ! command -v unattended-upgrade >/dev/null 2>&1; then
		DEBIAN_FRONTEND=noninteractive apt-get install -y -q unattended-upgrades >"$SCRATCH/apt" 2>&1 || {
			tail -n 5 "$SCRATCH/apt" >&2
			return 1
		}
	fi
	# Debian's own name for it: its dialogue writes the same file.
	[ -e /etc/apt/apt.conf.d/20auto-upgrades ] ||
		printf 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n' >/etc/apt/apt.conf.d/20auto-upgrades
	upgrades_run
}
set_up_upgrades() {
	step "Security updates"
	if ! command -v apt-get >/dev/null 2>&1; then
		tell "this system has no apt; let its own updates install security fixes by themselves"
		return 0
	fi
	if upgrades_run; then
		found "unattended-upgrades installs them by itself, daily"
		return 0
	fi
	if [ "$UPGRADES" = no ] || { [ -z "$UPGRADES" ] && { [ -n "$YES" ] || ! confirm "Install security updates by themselves from now on (Debian's unattended-upgrades)?" yes; }; }; then
		tell "they are not installed by themselves; --unattended-upgrades sets that up, 'aob doctor' tells what is pending"
		return 0
	fi
	[ "$(id -u)" = 0 ] || fail $EX_NOPERM "installing unattended-upgrades needs root" "run it by sudo, or leave --unattended-upgrades out"
	scratch
	CHANGES=$((CHANGES + 1))
	if [ -n "$DRY_RUN" ]; then
		printf '  would   %s\n' "install unattended-upgrades, and turn it on in /etc/apt/apt.conf.d/20auto-upgrades"
	elif install_upgrades; then
		printf '  done    %s\n' "unattended-upgrades is installed, and turned on"
	else # the backup does not depend on it
		warn "unattended-upgrades could not be set up; try 'apt-get update && apt-get install unattended-upgrades', then 'dpkg-reconfigure unattended-upgrades'"
	fi
}

# Of the options that both have; 0: it was one.
take_common() {
	case "$1" in
	--yes) YES=yes ;;
	--dry-run) DRY_RUN=yes ;;
	--unattended-upgrades) UPGRADES=yes ;;
	--no-unattended-upgrades) UPGRADES=no ;;
	--version)
		echo "$ME ${AOB_VERSION:-of this folder}"
		exit 0 ;;
	--help)
		usage
		exit 0 ;;
	*) return 1 ;;
	esac
}
want_value() { # OPTION NUMBER-OF-WORDS-LEFT
	[ "$2" -ge 2 ] || fail $EX_USAGE "$1 wants a value" "$ME --help tells which"
}

# The keys that sshd takes from us, and that we take from it. DSA is broken; RSA below 3072 bits is not for a copy that lies there for years.
# key_is_good FILE: 1: it is none, or a weak one; why is in $KEY_FAULT.
key_is_good() {
	key_line=$(ssh-keygen -l -f "$1" 2>/dev/null) || {
		KEY_FAULT="this is no public key"
		return 1
	}
	case "$key_line" in
	*'(DSA)'*) KEY_FAULT="it is a DSA key, which is broken" ;;
	*'(RSA)'*)
		[ "${key_line%% *}" -lt 3072 ] || return 0
		KEY_FAULT="it is an RSA key of ${key_line%% *} bits only" ;;
	*) return 0 ;;
	esac
	return 1
}

finish() {
	if [ "$CHANGES" = 0 ]; then
		step "All is as it should be. Nothing was changed."
	elif [ -n "$DRY_RUN" ]; then
		step "Nothing was changed (--dry-run)."
	fi
}
