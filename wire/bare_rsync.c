#include "wire/bare_rsync.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/program.h"
#include "lib/rate_window.h"
#include "lib/rights.h"
#include "wire/bare_exit.h"
#include "wire/bare_said.h"
#include "wire/bare_welcome.h"
#include "wire/bare_word.h"
#include "wire/far_words.h"
#include "wire/remote_command.h"

#define ARGS_MAX 128
#define RSH_SIZE 16384
#define LOOK_MS 300
#define END_MS 20000 /* it keeps what it has of a file */

/* The far end of each: in the pipeline's folder, with a shared lock on what must stay as it is; then rsync with what the near one adds. */
#define FAR_SCRIPT "cd \"$0\" && exec 8<\"$1\" || exit 3; flock -s -n 8 || { echo aob: locked >&2; exit 75; }; shift; "
#define FAR_RSYNC "exec rsync \"$@\""
/* An rsync without a patience of its own ends when nothing was heard of the client for ten minutes (wire/bare.sh, .aob/alive): it holds the lock. */
#define FAR_WATCH                                                                                                      \
	"(exec 8<&-; n=0; while sleep 60 && kill -0 $$; do n=$((n + 1)); "                                             \
	"[ -z \"$(find .aob/alive -mmin -3)\" ] || n=0; [ $n -lt 10 ] || kill $$; done) </dev/null >/dev/null 2>&1 & "

/* What every file has to keep. What the vault's own file system adds is none of it; what we add neither. */
static const char *const always[] = { "rsync",
	                              "-aHAS",
	                              "--numeric-ids",
	                              "--no-whole-file",
	                              "--no-human-readable",
	                              "--outbuf=L",
	                              "--info=progress2",
	                              BARE_OUTPUT_FORMAT,
	                              "--stats",
	                              "--filter=-x user.aob.*",
	                              "--filter=-x btrfs.*",
	                              "--filter=-x trusted.SGI_ACL_*",
	                              "--filter=-x security.selinux" };

struct run {
	const struct bare_rsync *rsync;
	struct bare_output *output;
	struct child child;
	struct bare_said said;
	size_t fed_bytes;
	uint64_t limit_bps;
	bool limit_ended;
};

struct command {
	const char *argv[ARGS_MAX + 1];
	size_t n;
	char rsh[RSH_SIZE];
	char *path; /* --rsync-path */
	char limit[48];
};

static void add(struct command *command, const char *word)
{
	if (command->n < ARGS_MAX)
		command->argv[command->n++] = word;
}

const char *bare_rsync_limit(uint64_t bytes_per_s, char *out, size_t size)
{
	uint64_t kib = bytes_per_s / 1024;

	out[0] = '\0';
	if (bytes_per_s != 0)
		(void)snprintf(out, size, "--bwlimit=%llu", (unsigned long long)(kib != 0 ? kib : 1));
	return out;
}

static int name_way(const struct config_vault *vault, struct command *command, struct error *err)
{
	static const char *const local[] = { "sh", "-c", "eval \"$*\"", "sh" };
	static const char *const without[] = { "setpriv", "--ambient-caps=-all", "--" };
	/* ssh lets its stderr block nobody. If that were also rsync's, which ends where it can't write, more lines than a pipe holds would end it. */
	static const char *const apart[] = { "sh", "-c",
		                             "[ ! -w /proc/self/fd/2 ] || exec 2>/proc/self/fd/2; exec \"$@\"", "sh" };
	struct remote_command *ssh = NULL;
	bool fits = true;

	/* A service that may read everything hands that to rsync, and rsync to nobody. */
	for (size_t i = 0;
	     geteuid() != 0 && rights_have(CAP_DAC_READ_SEARCH) && i < sizeof(without) / sizeof(without[0]); i++)
		fits = fits && bare_word_rsh(command->rsh, sizeof(command->rsh), without[i]);
	if (vault->ssh == NULL) {
		for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
			fits = fits && bare_word_rsh(command->rsh, sizeof(command->rsh), local[i]);
		return 0;
	}
	ssh = calloc(1, sizeof(*ssh));
	if (ssh == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (remote_command_ssh(vault, ssh, err) != 0) {
		remote_command_done(ssh);
		free(ssh);
		return -1;
	}
	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		fits = fits && bare_word_rsh(command->rsh, sizeof(command->rsh), apart[i]);
	for (size_t i = 0; i < ssh->n; i++)
		fits = fits && bare_word_rsh(command->rsh, sizeof(command->rsh), ssh->argv[i]);
	remote_command_done(ssh);
	free(ssh);
	return fits ? 0 : error_set(err, ERR_CONFIG, "the vault's ssh_options are too long");
}

static int name_far(const struct bare_rsync *rsync, struct command *command, struct error *err)
{
	char folder[8192];
	bool watched = rsync->by_content && strcmp(rsync->held, BARE_RSYNC_LOCK) == 0;
	char *script = bare_word_shell(watched ? FAR_SCRIPT FAR_WATCH FAR_RSYNC : FAR_SCRIPT FAR_RSYNC);
	char *quoted = NULL;
	int n = snprintf(folder, sizeof(folder), "%s/%s", rsync->vault->root, rsync->pipeline);

	if (n > 0 && (size_t)n < sizeof(folder))
		quoted = bare_word_shell(folder);
	/* `held` is one of our own names, or one that was looked at. */
	if (script == NULL || quoted == NULL || !bare_word_plain(rsync->held, "./-") ||
	    asprintf(&command->path, "--rsync-path=sh -c %s %s %s", script, quoted, rsync->held) < 0)
		command->path = NULL;
	free(script);
	free(quoted);
	return command->path != NULL ? 0 : error_set(err, ERR_SYSTEM, "no memory for rsync's command");
}

static int make_command(const struct bare_rsync *rsync, uint64_t limit_bps, struct command *command, struct error *err)
{
	static const char *const locked[] = { "sh", "-c", "exec 8<\"$0\" && flock -s -n 8 && exec \"$@\"" };

	for (size_t i = 0; rsync->locks != NULL && i < sizeof(locked) / sizeof(locked[0]); i++)
		add(command, locked[i]);
	if (rsync->locks != NULL)
		add(command, rsync->locks);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		add(command, always[i]);
	if (name_way(rsync->vault, command, err) != 0 || name_far(rsync, command, err) != 0)
		return -1;
	/* Its own attributes too (user.rsync.*, of a backup by --fake-super that lies in the source), unless it keeps ours in such. */
	add(command, rsync->fake_super ? "-X" : "-XX");
	add(command, rsync->by_content ? "--checksum" : "--timeout=1800");
	add(command, "-e");
	add(command, command->rsh);
	add(command, command->path);
	if (rsync->fine_times)
		add(command, "--modify-window=-1");
	/* ACLs are the business of -A; but what a far user who is not root can't set he keeps as attributes, theirs among them, as aob-receiver does. */
	add(command, rsync->fake_super ? "-M--fake-super" : "--filter=-x system.*");
	/* Some file systems name them to everybody; only root reads or sets them. */
	if (geteuid() != 0)
		add(command, "--filter=-x trusted.*");
	if (rsync->vault->ssh != NULL && !rsync->vault->plain)
		add(command, "-z");
	if (*bare_rsync_limit(limit_bps, command->limit, sizeof(command->limit)) != '\0')
		add(command, command->limit);
	for (const char *const *option = rsync->options; option != NULL && *option != NULL; option++)
		add(command, *option);
	add(command, "--");
	add(command, rsync->from);
	add(command, rsync->to);
	return command->n < ARGS_MAX ? 0 : error_set(err, ERR_CONFIG, "too many patterns in `exclude` for rsync");
}

/* "rsync  version 3.2.7  protocol version 31", or "v3.2.7" */
unsigned bare_rsync_version(void)
{
	static const char *const argv[] = { "rsync", "--version", NULL };
	struct child child = { .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	char text[256] = "";
	const char *at;
	ssize_t n;

	if (child_start(&child, argv, NULL) != 0)
		return 0;
	n = read(child.out_fd, text, sizeof(text) - 1);
	child_end(&child, 1000);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "version ");
	return at != NULL ? bare_welcome_version(at + strlen("version ") + (at[strlen("version ")] == 'v')) : 0;
}

static void take_words(void *said, const char *text, size_t n)
{
	bare_said_hear(said, text, n);
}

static void hear_words(struct run *run)
{
	far_words_read(run->child.err_fd, "rsync", take_words, &run->said);
}

static void feed(struct run *run)
{
	const struct bare_rsync *rsync = run->rsync;
	ssize_t n = 0;

	if (run->fed_bytes < rsync->list_bytes)
		n = write(run->child.in_fd, rsync->list + run->fed_bytes, rsync->list_bytes - run->fed_bytes);
	if (n > 0)
		run->fed_bytes += (size_t)n;
	if (run->fed_bytes == rsync->list_bytes || (n < 0 && errno != EAGAIN && errno != EINTR))
		child_shut(&run->child.in_fd);
}

/* 1: stdout goes on, 0: it has ended, -1. */
static int hear(struct run *run, struct error *err)
{
	struct pollfd fds[3] = { { .fd = run->child.out_fd, .events = POLLIN },
		                 { .fd = run->child.err_fd, .events = POLLIN },
		                 { .fd = run->child.in_fd, .events = POLLOUT } };
	char text[4096];
	ssize_t n;

	if (poll(fds, 3, LOOK_MS) < 0 && errno != EINTR)
		return error_sys(err, errno, "waiting for rsync");
	hear_words(run);
	if (run->child.in_fd >= 0 && fds[2].revents != 0)
		feed(run);
	if (fds[0].revents == 0)
		return 1;
	n = read(run->child.out_fd, text, sizeof(text));
	if (n > 0)
		bare_output_hear(run->output, text, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR) ? 1 : 0;
}

static uint64_t limit_now(const struct bare_rsync *rsync)
{
	return rate_window_at(rsync->vault->rates, rsync->vault->n_rates, clock_minute_of_day());
}

static int follow(struct run *run, struct error *err)
{
	const struct bare_rsync *rsync = run->rsync;
	int rc;

	while ((rc = hear(run, err)) == 1) {
		if (rsync->waiting != NULL && rsync->waiting(rsync->context, err) != 0)
			return -1;
		if (rsync->told != NULL)
			rsync->told(rsync->context, run->output);
		if (!rsync->once && !run->limit_ended && limit_now(rsync) != run->limit_bps) {
			run->limit_ended = true;
			child_signal(&run->child, SIGTERM);
		}
	}
	return rc;
}

/* What a shell here would call not found looks, by its status, like a far end that lacks it. */
static int check_programs(const struct bare_rsync *rsync, struct error *err)
{
	if (!program_is_there("rsync"))
		return error_set(err, ERR_CONFIG, "rsync is not on this machine: apt install rsync");
	if (rsync->locks != NULL && !program_is_there("flock"))
		return error_set(err, ERR_CONFIG, "flock is not on this machine: apt install util-linux");
	return 0;
}

static int run_once(struct run *run, struct error *err)
{
	struct command *command = calloc(1, sizeof(*command));
	int rc = -1;
	int status;

	if (command == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	*run->output = (struct bare_output){ .line_bytes = 0 };
	run->limit_ended = false;
	run->limit_bps = limit_now(run->rsync);
	run->fed_bytes = 0;
	run->said = (struct bare_said){ .words_bytes = 0 };
	if (make_command(run->rsync, run->limit_bps, command, err) != 0)
		goto out;
	for (size_t i = 0; i < command->n; i++)
		log_trace("wire", "rsync's command, word %zu: %s", i, command->argv[i]);
	if (check_programs(run->rsync, err) != 0 || child_start_reader(&run->child, command->argv, err) != 0)
		goto out;
	(void)fcntl(run->child.in_fd, F_SETFL, O_NONBLOCK);
	rc = follow(run, err);
	if (rc != 0)
		child_signal(&run->child, SIGTERM);
	/* Its pipes stay open until it has ended: what it says last counts. */
	for (int64_t until = clock_now_ms() + END_MS; !child_has_ended(&run->child) && clock_now_ms() < until;) {
		hear_words(run);
		(void)usleep(20000);
	}
	hear_words(run);
	child_end(&run->child, 0);
	status = WIFEXITED(run->child.status) ? WEXITSTATUS(run->child.status) : -1;
	bare_said_end(&run->said);
	status = bare_exit_settle(status, &run->said, run->rsync->may_vanish);
	/* It had done all of it before it was asked to end. */
	if (status == 0)
		run->limit_ended = false;
	run->output->links_full = bare_exit_links_full(status, run->said.words);
	if (rc == 0 && !run->limit_ended)
		rc = bare_exit_read(status, run->said.words, err);
out:
	free(command->path);
	free(command);
	return rc;
}

int bare_rsync_run(const struct bare_rsync *rsync, struct bare_output *output, struct error *err)
{
	struct run *run = calloc(1, sizeof(*run));
	struct bare_output before;
	int rc;

	if (run == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	run->rsync = rsync;
	run->output = output;
	rc = run_once(run, err);
	while (rc == 0 && run->limit_ended) {
		before = *output;
		rc = rsync->again != NULL ? rsync->again(rsync->context, err) : 0;
		/* What is in *output still is what was before. */
		if (rc != 0)
			break;
		rc = run_once(run, err);
		bare_output_add(output, &before);
	}
	free(run);
	return rc;
}
