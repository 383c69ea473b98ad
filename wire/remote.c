#include "wire/remote.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/log.h"
#include "lib/version.h"
#include "wire/codec.h"
#include "wire/far_words.h"
#include "wire/remote_command.h"

#define WORDS_BYTES 4096 /* of the child's stderr that are kept, the last ones */
#define LISTEN_PACES 16  /* pieces that leave between two looks at the child's stderr */
#define END_MS 10000
#define GREET_MS 120000 /* a far disk may have to spin up */
#define EXPLAIN_MS 2000
#define SILENCE_VARIABLE "AOB_SILENCE"
/* What is asked is answered at once, or NOTEs tell of long work; but a large disk may take its time. A receiver that builds may copy or sync for long without a word. */
#define ANSWER_SILENCE_MS (UINT64_C(5) * 60 * 1000)
#define BUILD_SILENCE_MS (UINT64_C(60) * 60 * 1000)
#define SSH_FAILED 255 /* ssh(1): an error of ssh itself */
#define NOT_FOUND_STATUS 127

struct remote {
	struct child child;
	struct wire *wire;
	struct wire_hooks hooks; /* the caller's */
	struct remote_welcome welcome;
	int64_t greet_until_ms; /* 0: the greeting is over */
	bool over_ssh;
	bool broken;      /* an error came: no BYE */
	bool brake_asked; /* and not answered yet */
	char place[256];
	char words[WORDS_BYTES + 1];
	size_t words_bytes, paces;
	struct far_words warnings;
};

static void keep_words(struct remote *remote, const char *text, size_t n)
{
	if (n > WORDS_BYTES) {
		text += n - WORDS_BYTES;
		n = WORDS_BYTES;
	}
	size_t gone = remote->words_bytes + n > WORDS_BYTES ? remote->words_bytes + n - WORDS_BYTES : 0;
	memmove(remote->words, remote->words + gone, remote->words_bytes - gone);
	remote->words_bytes -= gone;
	memcpy(remote->words + remote->words_bytes, text, n);
	remote->words_bytes += n;
	remote->words[remote->words_bytes] = '\0';
}

/* The child's stderr, as far as there is some: a pipe that nobody reads would block it. */
static void listen_to(struct remote *remote)
{
	char text[WORDS_BYTES];
	ssize_t n;

	while (remote->child.err_fd >= 0 && (n = read(remote->child.err_fd, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		keep_words(remote, text, (size_t)n);
		far_words_hear(&remote->warnings, text, (size_t)n);
		log_trace("wire", "stderr of the far end: %s", text);
	}
}

static int on_waiting(void *context, struct error *err)
{
	struct remote *remote = context;

	listen_to(remote);
	if (remote->greet_until_ms != 0 && clock_now_ms() > remote->greet_until_ms)
		return error_set(err, ERR_LINK, "no greeting within %d s; does the far end's login shell hang?",
		                 GREET_MS / 1000);
	return remote->hooks.waiting != NULL ? remote->hooks.waiting(remote->hooks.context, err) : 0;
}

static int on_pace(void *context, size_t *len_bytes, struct error *err)
{
	struct remote *remote = context;

	if (remote->paces++ % LISTEN_PACES == 0)
		listen_to(remote);
	return remote->hooks.pace != NULL ? remote->hooks.pace(remote->hooks.context, len_bytes, err) : 0;
}

static int start(struct remote *remote, const struct config_vault *vault, struct error *err)
{
	struct wire_hooks hooks = { .pace = on_pace, .waiting = on_waiting, .context = remote };
	struct remote_command *command = calloc(1, sizeof(*command));
	int rc = -1;

	if (command == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	remote->over_ssh = vault->ssh != NULL;
	(void)snprintf(remote->place, sizeof(remote->place), "%s", vault->ssh != NULL ? vault->ssh : vault->root);
	if (remote_command_make(vault, command, err) != 0)
		goto out;
	if (child_start(&remote->child, command->argv, err) != 0)
		goto out;
	rc = wire_new(remote->child.out_fd, remote->child.in_fd, 'C', &hooks, &remote->wire, err);
out:
	remote_command_done(command);
	free(command);
	return rc;
}

static int send_owner(struct remote *remote, bool adopts, struct error *err)
{
	struct machine machine;
	struct encoder e;
	int rc;

	machine_this(&machine);
	encoder_init(&e);
	put_string(&e, machine.id);
	put_string(&e, machine.host);
	put_u8(&e, adopts);
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(remote->wire, FRAME_OWNER, e.data, e.len_bytes, err);
	encoder_done(&e);
	return rc;
}

static int send_contact(struct remote *remote, const struct config_contact *contact, struct error *err)
{
	struct encoder e;
	int rc;

	encoder_init(&e);
	put_string(&e, contact->language);
	put_string(&e, contact->name);
	put_string(&e, contact->phone);
	put_string(&e, contact->mail);
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(remote->wire, FRAME_CONTACT, e.data, e.len_bytes, err);
	encoder_done(&e);
	return rc;
}

/* Who only reads, restores or releases may be any machine. */
static bool writes(const char *role)
{
	return strcmp(role, "transfer") == 0 || strcmp(role, "prune") == 0;
}

static int greet(struct remote *remote, const struct config_vault *vault, const char *pipeline, const char *role,
                 struct error *err)
{
	struct remote_welcome *w = &remote->welcome;
	struct encoder e;
	struct frame frame;
	struct decoder d;
	uint32_t features = WIRE_FEATURE_DOCTOR | WIRE_FEATURE_PROOF | WIRE_FEATURE_VERIFY | WIRE_FEATURE_CONTACT |
	                    WIRE_FEATURE_LOOK | WIRE_FEATURE_GIVE | WIRE_FEATURE_OWNER | WIRE_FEATURE_MACS |
	                    WIRE_FEATURE_BRAKE | WIRE_FEATURE_SPACE | (vault->plain ? 0 : WIRE_FEATURE_ZSTD);
	int rc;

	encoder_init(&e);
	put_u32(&e, WIRE_MAGIC);
	put_u16(&e, WIRE_VERSION);
	put_u16(&e, WIRE_VERSION);
	put_u32(&e, features);
	put_string(&e, role);
	put_string(&e, pipeline);
	put_string(&e, "aob " AOB_VERSION);
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(remote->wire, FRAME_HELLO, e.data, e.len_bytes, err);
	encoder_done(&e);
	if (rc != 0 || wire_expect(remote->wire, FRAME_WELCOME, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	w->version = get_u16(&d);
	features &= get_u32(&d);
	get_string(&d, w->vault_id, sizeof(w->vault_id));
	get_string(&d, w->software, sizeof(w->software));
	get_string(&d, w->strategy, sizeof(w->strategy));
	w->clock_s = get_i64(&d);
	w->macs = (features & WIRE_FEATURE_MACS) != 0;
	if ((features & WIRE_FEATURE_SPACE) != 0) {
		w->free_bytes = get_u64(&d);
		w->total_bytes = get_u64(&d);
	}
	w->brakes = (features & WIRE_FEATURE_BRAKE) != 0;
	w->owner = (features & WIRE_FEATURE_OWNER) != 0;
	w->contact = (features & WIRE_FEATURE_CONTACT) != 0;
	w->looks = (features & WIRE_FEATURE_LOOK) != 0;
	w->gives = (features & WIRE_FEATURE_GIVE) != 0;
	w->proves = (features & WIRE_FEATURE_PROOF) != 0;
	w->verifies = (features & WIRE_FEATURE_VERIFY) != 0;
	w->doctors = (features & WIRE_FEATURE_DOCTOR) != 0;
	if (codec_done(&d, "WELCOME", err) != 0)
		return -1;
	if (w->version != WIRE_VERSION)
		return error_set(err, ERR_PROTOCOL, "the far end chose version %u, not %d", w->version, WIRE_VERSION);
	if ((features & WIRE_FEATURE_ZSTD) != 0 && wire_compress(remote->wire, err) != 0)
		return -1;
	if (w->owner && writes(role) && send_owner(remote, false, err) != 0)
		return -1;
	return w->contact && writes(role) && vault->contact != NULL ? send_contact(remote, vault->contact, err) : 0;
}

/* How long may the far end say nothing? */
static int set_patience(struct remote *remote, const char *role, struct error *err)
{
	const char *wanted = secure_getenv(SILENCE_VARIABLE);
	uint64_t ms = strcmp(role, "transfer") == 0 ? BUILD_SILENCE_MS : ANSWER_SILENCE_MS;

	if (wanted != NULL && (duration_parse(wanted, &ms, err) != 0 || ms == 0)) {
		if (ms == 0)
			(void)error_set(err, ERR_CONFIG, "0 is no such time");
		return error_prefix(err, SILENCE_VARIABLE);
	}
	wire_patience(remote->wire, ms);
	return 0;
}

int remote_open(const struct config_vault *vault, const char *pipeline, const char *role,
                const struct wire_hooks *hooks, struct remote **remote, struct error *err)
{
	struct remote *made = calloc(1, sizeof(*made));

	*remote = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (vault->bare) {
		free(made);
		return error_set(err, ERR_CONFIG,
		                 "the vault of %s is reached by the engine rsync: there is no aob-receiver that could "
		                 "do this. Its "
		                 "generations are plain folders; what else there is instead: docs/engine-rsync.md",
		                 pipeline);
	}
	made->child = (struct child){ .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	if (hooks != NULL)
		made->hooks = *hooks;
	made->greet_until_ms = clock_now_ms() + GREET_MS;
	if (start(made, vault, err) != 0 || set_patience(made, role, err) != 0 ||
	    greet(made, vault, pipeline, role, err) != 0) {
		remote_explain(made, err);
		error_prefix(err, "vault %s", made->place);
		remote_close(&made);
		return -1;
	}
	made->greet_until_ms = 0;
	*remote = made;
	return 0;
}

void remote_close(struct remote **remote)
{
	struct remote *r = *remote;

	if (r == NULL)
		return;
	*remote = NULL;
	if (r->wire != NULL && !r->broken && wire_send(r->wire, FRAME_BYE, NULL, 0, NULL) == 0)
		(void)wire_flush(r->wire, NULL);
	listen_to(r);
	wire_destroy(&r->wire);
	child_end(&r->child, r->broken ? EXPLAIN_MS : END_MS);
	free(r);
}

struct wire *remote_wire(struct remote *remote)
{
	return remote->wire;
}

void remote_break(struct remote *remote)
{
	remote->broken = true;
}

const struct remote_welcome *remote_welcome(const struct remote *remote)
{
	return &remote->welcome;
}

static bool said(const struct remote *remote, const char *what)
{
	return strstr(remote->words, what) != NULL;
}

/* The dynamic linker ends with the status of a program that is not there, too; its words are not translated. */
static bool no_memory_to_start(const struct remote *remote)
{
	return said(remote, "failed to map segment") || said(remote, "cannot allocate") || said(remote, "cannot map") ||
	       said(remote, "Cannot allocate memory");
}

/* ssh tells by words and exit status what no retry will mend. */
static void classify(const struct remote *remote, int status, struct error *err)
{
	if (far_words_ssh(remote->words, err))
		return;
	if (status == NOT_FOUND_STATUS && no_memory_to_start(remote)) {
		err->class = ERR_LINK;
		error_prefix(err, "the far end has too little memory to start aob-receiver");
	} else if (status == NOT_FOUND_STATUS) {
		err->class = ERR_CONFIG;
		error_prefix(err,
		             "aob-receiver was not found at the far end; install it, or name it in a forced command");
	} else if (status == SSH_FAILED) {
		err->class = ERR_LINK;
		/* That nothing was heard for a minute ssh says only where it tells everything else, too. */
		if (remote->words[strspn(remote->words, " \n")] == '\0')
			error_prefix(err, "ssh has given the link up");
	}
}

/* The last line that says something. */
static const char *last_line(char *words)
{
	size_t n = strlen(words);

	while (n > 0 && isspace((unsigned char)words[n - 1]))
		words[--n] = '\0';
	for (const char *at = words + n; at > words; at--)
		if (at[-1] == '\n')
			return at;
	return words;
}

void remote_explain(struct remote *remote, struct error *err)
{
	char safe[512];
	char copy[WORDS_BYTES + 1];
	const char *line;
	int status;

	remote->broken = true;
	if (err == NULL || (err->class != ERR_LINK && err->class != ERR_PROTOCOL))
		return;
	/* With its pipes closed ssh ends soon; what it says last still is in the pipe of stderr. */
	if (remote->child.in_fd >= 0)
		(void)close(remote->child.in_fd);
	remote->child.in_fd = -1;
	for (int i = 0; i < EXPLAIN_MS / 50 && remote->child.pid != 0; i++) {
		listen_to(remote);
		if (waitpid(remote->child.pid, &remote->child.status, WNOHANG) == remote->child.pid)
			remote->child.pid = 0;
		else
			(void)usleep(50000);
	}
	listen_to(remote);
	status = remote->child.pid == 0 && WIFEXITED(remote->child.status) ? WEXITSTATUS(remote->child.status) : -1;
	memcpy(copy, remote->words, sizeof(copy));
	line = last_line(copy);
	if (*line != '\0') {
		char before[ERROR_TEXT_SIZE];

		(void)snprintf(before, sizeof(before), "%s", err->text);
		(void)error_set(err, err->class, "%.500s (%s says: %s)", before,
		                remote->over_ssh ? "ssh" : "the receiver", log_escape(line, safe, sizeof(safe)));
	}
	if (remote->over_ssh || status == NOT_FOUND_STATUS)
		classify(remote, status, err);
}

int remote_adopt(struct remote *remote, struct remote_owner *before, struct error *err)
{
	char host[MACHINE_HOST_SIZE];
	struct frame frame;
	struct decoder d;

	if (!remote->welcome.owner)
		return error_set(err, ERR_CONFIG, "the receiver there is older and knows no owners; nothing to adopt");
	if (send_owner(remote, true, err) != 0 || wire_expect(remote->wire, FRAME_OWNED, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	before->was_ours = get_u8(&d) != 0;
	get_string(&d, host, sizeof(host));
	before->since_s = get_i64(&d);
	(void)log_escape(host, before->host, sizeof(before->host));
	return codec_done(&d, "OWNED", err);
}

int remote_ask_part(struct remote *remote, unsigned type, const char *generation, const char *path, struct error *err)
{
	struct encoder e;
	int rc;

	encoder_init(&e);
	put_string(&e, generation);
	put_bytes(&e, path, strlen(path));
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(remote->wire, type, e.data, e.len_bytes, err);
	encoder_done(&e);
	return rc;
}

int remote_prune(struct remote *remote, const char *generation, struct error *err)
{
	struct encoder e;
	struct frame frame;
	struct decoder d;
	char name[64];
	char reason[512];
	char safe[512];
	uint8_t result;
	int rc;

	encoder_init(&e);
	put_string(&e, generation);
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(remote->wire, FRAME_PRUNE, e.data, e.len_bytes, err);
	encoder_done(&e);
	if (rc != 0 || wire_expect(remote->wire, FRAME_PRUNED, &frame, err) != 0) {
		remote->broken = true;
		return -1;
	}
	decoder_init(&d, frame.payload, frame.len_bytes);
	get_string(&d, name, sizeof(name));
	result = get_u8(&d);
	get_string(&d, reason, sizeof(reason));
	if (codec_done(&d, "PRUNED", err) != 0)
		return -1;
	if (result == 1)
		return error_set(err, ERR_REFUSED, "%s", log_escape(reason, safe, sizeof(safe)));
	return 0;
}

/* What the far end says is shown to people, and a generation's name is taken for nothing else. */
static int get_brake(struct decoder *d, struct remote_brake *brake, struct error *err)
{
	char reason[sizeof(brake->reason)];
	char run[sizeof(brake->run)];
	uint8_t state = get_u8(d);

	*brake = (struct remote_brake){ .state = (enum wire_brake)state };
	brake->since_s = get_i64(d);
	brake->runs = get_u32(d);
	brake->held = get_u32(d);
	get_string(d, run, sizeof(run));
	get_string(d, brake->generation, sizeof(brake->generation));
	get_string(d, reason, sizeof(reason));
	if (codec_done(d, "BRAKED", err) != 0)
		return -1;
	if (state > WIRE_BRAKE_REFUSED || strspn(brake->generation, "0123456789TZ-") != strlen(brake->generation))
		return error_set(err, ERR_PROTOCOL, "a BRAKED that makes no sense");
	(void)log_escape(run, brake->run, sizeof(brake->run));
	(void)log_escape(reason, brake->reason, sizeof(brake->reason));
	return 0;
}

static int send_brake(struct remote *remote, bool release, const char *generation, struct error *err)
{
	struct encoder e;
	char safe[128];
	int rc;

	if (!remote->welcome.brakes)
		return error_set(err, ERR_CONFIG, "the far end (%s) knows no brake; install a newer aob-receiver there",
		                 log_escape(remote->welcome.software, safe, sizeof(safe)));
	encoder_init(&e);
	put_u8(&e, release ? 1 : 0);
	put_string(&e, generation);
	rc = e.bad ? error_set(err, ERR_SYSTEM, "out of memory")
	           : wire_send(remote->wire, FRAME_BRAKE, e.data, e.len_bytes, err);
	encoder_done(&e);
	remote->broken = remote->broken || rc != 0;
	return rc;
}

static int receive_brake(struct remote *remote, struct remote_brake *brake, struct error *err)
{
	struct frame frame;
	struct decoder d;

	if (wire_expect(remote->wire, FRAME_BRAKED, &frame, err) != 0) {
		remote->broken = true;
		return -1;
	}
	decoder_init(&d, frame.payload, frame.len_bytes);
	return get_brake(&d, brake, err);
}

int remote_brake_ahead(struct remote *remote, struct error *err)
{
	remote->brake_asked = true;
	return send_brake(remote, false, "", err);
}

int remote_brake_ask(struct remote *remote, struct remote_brake *brake, struct error *err)
{
	if (!remote->brake_asked && send_brake(remote, false, "", err) != 0)
		return -1;
	remote->brake_asked = false;
	return receive_brake(remote, brake, err);
}

int remote_brake_release(struct remote *remote, const struct remote_brake *seen, struct remote_brake *brake,
                         struct error *err)
{
	return send_brake(remote, true, seen->generation, err) == 0 ? receive_brake(remote, brake, err) : -1;
}
