#include "receiver/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/inside.h"
#include "lib/log.h"
#include "receiver/content_check.h"
#include "receiver/differing.h"
#include "lib/generation_name.h"
#include "receiver/mend.h"
#include "receiver/reading.h"
#include "receiver/version.h"
#include "wire/codec.h"

#define EVERY_MOST_S ((int64_t)100 * 366 * 24 * 3600)

struct verify {
	struct vault *vault;
	struct breath breath;
	struct verify_book *book;
	struct survey *survey;
	struct encoder encoder;
	char path[WIRE_PATH_MAX + 1];
};

int verify_new(struct vault *vault,
               int (*tell)(void *context, uint64_t done, uint64_t total, bool waits, struct error *err), void *context,
               struct verify **verify, struct error *err)
{
	struct verify *v = calloc(1, sizeof(*v));

	*verify = v;
	if (v == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	v->vault = vault;
	breath_init(&v->breath, vault, tell, context);
	encoder_init(&v->encoder);
	return 0;
}

void verify_destroy(struct verify **verify)
{
	struct verify *v = *verify;

	if (v == NULL)
		return;
	*verify = NULL;
	survey_destroy(&v->survey);
	if (v->book != NULL)
		mend_clear(v->vault);
	verify_book_close(&v->book);
	encoder_done(&v->encoder);
	free(v);
}

/* A folder that its disk did not give: does it now? */
static bool gives_folder(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	bool whole;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	errno = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (readdir(dir) != NULL)
		continue;
	whole = errno == 0;
	(void)closedir(dir);
	return whole;
}

/* What lies at the place of a known damage now. *bad: the last file found damaged, so that the same one in a snapshot is not read again. */
static int look_at(struct verify *v, const struct wire_damage *damage, int parent_fd, const char *leaf,
                   struct stat *bad, bool *damaged, struct error *err)
{
	struct content_check check;
	struct stat st;

	if (fstatat(parent_fd, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		*damaged = errno != ENOENT || damage->kind == WIRE_DAMAGE_MISSING;
		return 0;
	}
	if (S_ISDIR(st.st_mode)) {
		*damaged = damage->kind == WIRE_DAMAGE_UNREADABLE && !gives_folder(parent_fd, leaf);
		return 0;
	}
	*damaged = bad->st_mode != 0 && version_untouched(bad, &st);
	if (!*damaged && damage->kind != WIRE_DAMAGE_MISSING && S_ISREG(st.st_mode)) {
		if (content_check(parent_fd, leaf, (uint64_t)st.st_size, &v->breath, &check, err) != 0)
			return -1;
		*damaged = content_check_damaged(&check);
	}
	if (*damaged)
		*bad = st;
	return 0;
}

/* One place of a known damage. What can't be told counts as damaged still: only what is seen to be good, or gone, is forgotten. */
static int look_again(struct verify *v, const struct wire_damage *damage, const char *generation, struct stat *bad,
                      bool *damaged, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	struct inside *inside = NULL;
	const char *leaf;
	int parent_fd;
	int fd = -1;
	int rc = 0;

	*damaged = true;
	if (reading_open(v->vault, generation, &fd, &fault) != 0) {
		*damaged = fault.class != ERR_NOT_FOUND && fault.class != ERR_LOCKED;
		return 0; /* it went, or goes just now */
	}
	if (*damage->path == '\0') {
		(void)close(fd);
		return 0; /* of so many files nobody knows which; the next round counts again */
	}
	if (inside_new(fd, &inside, err) != 0)
		rc = -1;
	else if (inside_parent(inside, damage->path, &parent_fd, &leaf, &fault) == 0)
		rc = look_at(v, damage, parent_fd, leaf, bad, damaged, err);
	else if (fault.class == ERR_NOT_FOUND || fault.class == ERR_REFUSED)
		*damaged = damage->kind == WIRE_DAMAGE_MISSING;
	inside_destroy(&inside);
	(void)close(fd);
	return rc;
}

/* Generations go, and people put files back. */
static int recheck(struct verify *v, struct wire_damage *damage, struct error *err)
{
	struct stat bad = { .st_mode = 0 };
	size_t kept = 0;

	for (size_t i = 0; i < damage->n_generations; i++) {
		bool damaged;

		if (look_again(v, damage, damage->generations[i], &bad, &damaged, err) != 0)
			return -1;
		if (damaged)
			memmove(damage->generations[kept++], damage->generations[i], sizeof(*damage->generations));
	}
	damage->n_generations = kept;
	if (kept > 0)
		memcpy(damage->generation, damage->generations[0], sizeof(damage->generation));
	return 0;
}

static int recheck_all(struct verify *v, struct error *err)
{
	for (size_t i = v->book->n_damage; i-- > 0;) {
		if (recheck(v, &v->book->damage[i], err) != 0)
			return -1;
		if (v->book->damage[i].n_generations == 0)
			verify_book_drop(v->book, i);
	}
	return 0;
}

/* On a full disk what is damaged is told all the same; it is gone on with before anything else is mended. */
static int recover(struct verify *v, struct error *err)
{
	struct error fault = { .class = ERR_NONE };

	if (mend_recover(v->vault, &fault) == 0)
		return 0;
	if (fault.class != ERR_SPACE) {
		if (err != NULL)
			*err = fault;
		return -1;
	}
	log_error(LOG_WARNING, &fault, "until there is room");
	return 0;
}

/* The round; and of what it has come to the end of, whether it is what was published. Behind the survey, which tells which generations a damaged file touches. */
static int go_round(struct verify *v, const struct verify_want *want, struct wire_verified *verified, struct error *err)
{
	struct verify_round_ended ended = { .n = 0 };
	int rc = 0;

	if (want->how != WIRE_VERIFY_DAMAGE)
		rc = verify_round_run(v->vault, v->book, &v->breath, want, verified, &ended, err);
	if (rc == 0)
		rc = survey_make(v->vault, v->book, &v->breath, &v->survey, err);
	if (rc == 0)
		rc = differing_look(v->vault, v->book, &v->breath, ended.names, ended.n, err);
	free(ended.names);
	return rc;
}

int verify_look(struct verify *v, const struct verify_want *want, struct wire_verified *verified, struct error *err)
{
	*verified = (struct wire_verified){ .files = 0 };
	survey_destroy(&v->survey);
	if (v->book == NULL && verify_book_open(v->vault, &v->book, err) != 0)
		return -1;
	v->breath.done = v->breath.total = 0;
	if (recover(v, err) != 0 || recheck_all(v, err) != 0)
		return -1;
	v->breath.done = 0;
	if (go_round(v, want, verified, err) != 0 || verify_book_save(v->book, err) != 0)
		return -1;
	verify_round_told(v->vault, v->book, verified);
	return 0;
}

const struct wire_damage *verify_damage(const struct verify *v, size_t i)
{
	return v->book != NULL && i < v->book->n_damage ? &v->book->damage[i] : NULL;
}

/* A generation was published since, perhaps: where it lies now. */
static int survey_again(struct verify *v, struct error *err)
{
	if (v->survey != NULL && survey_fresh(v->vault, v->survey))
		return 0;
	survey_destroy(&v->survey);
	return survey_make(v->vault, v->book, &v->breath, &v->survey, err);
}

/* What became of an attempt, for the client and the book. Returns -1 for what ends the work. */
static int judge(struct verify *v, size_t i, int rc, uint64_t names, struct error *fault, enum wire_mended *result,
                 char reason[VERIFY_CODEC_REASON_SIZE], struct error *err)
{
	struct wire_damage *damage = &v->book->damage[i];

	reason[0] = '\0';
	if (rc != 0)
		(void)snprintf(reason, VERIFY_CODEC_REASON_SIZE, "%.255s", fault->text);
	if (rc == 0) {
		*result = WIRE_MENDED_DONE;
		log_line(LOG_NOTICE, "mended \"%.300s\" of %s and %zu more generations, %llu names", damage->path,
		         damage->generation, damage->n_generations - 1, (unsigned long long)names);
		v->book->mended++;
		verify_book_forget(v->book, i);
	} else if (fault->class == ERR_NOT_FOUND) {
		*result = WIRE_MENDED_NEEDLESS;
		verify_book_forget(v->book, i);
	} else if (fault->class == ERR_LOCKED || fault->class == ERR_SPACE) {
		*result = WIRE_MENDED_LATER; /* the others may be smaller, and all of them are told of */
	} else if (fault->class == ERR_REFUSED || error_not_given(fault)) {
		*result = WIRE_MENDED_CANNOT;
		damage->given_up = true;
		memcpy(damage->reason, reason, sizeof(damage->reason));
	} else {
		if (err != NULL)
			*err = *fault;
		return error_prefix(err, "mending \"%.300s\"", damage->path);
	}
	return verify_book_save(v->book, err);
}

static int begin(struct verify *v, size_t i, struct mend **mend, struct error *fault)
{
	*mend = NULL;
	if (v->book->damage[i].kind == WIRE_DAMAGE_MISSING || *v->book->damage[i].path == '\0')
		return error_set(fault, ERR_REFUSED, "%s",
		                 v->book->damage[i].reason[0] != '\0' ? v->book->damage[i].reason : "it is missing");
	return survey_again(v, fault) == 0
	               ? mend_begin(v->vault, v->survey, &v->survey->items[i], &v->breath, mend, fault)
	               : -1;
}

int verify_mend(struct verify *v, size_t i, enum wire_mended *result, char reason[VERIFY_CODEC_REASON_SIZE],
                struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	struct mend *mend;
	uint64_t names = 0;
	int rc = begin(v, i, &mend, &fault);

	if (rc == 0)
		rc = mend_from_twins(mend, &names, &fault);
	mend_end(&mend);
	return judge(v, i, rc, names, &fault, result, reason, err);
}

static int reply(struct verify *v, struct wire *wire, unsigned type, struct error *err)
{
	if (v->encoder.bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	return wire_send(wire, type, v->encoder.data, v->encoder.len_bytes, err);
}

static int on_verify(struct verify *v, struct wire *wire, const struct frame *frame, struct error *err)
{
	char generation[32];
	struct wire_verified verified;
	struct verify_want want = { .generation = generation };
	const struct wire_damage *damage;
	struct decoder d;
	uint8_t how;
	uint64_t every_s;

	decoder_init(&d, frame->payload, frame->len_bytes);
	how = get_u8(&d);
	every_s = get_u64(&d);
	get_string(&d, generation, sizeof(generation));
	if (codec_done(&d, "VERIFY", err) != 0)
		return -1;
	if (how >= WIRE_VERIFY_HOWS || (generation[0] != '\0' && !generation_name_valid(generation)))
		return error_set(err, ERR_INPUT, "a VERIFY that makes no sense");
	want.how = (enum wire_verify)how;
	want.every_s = every_s < (uint64_t)EVERY_MOST_S ? (int64_t)every_s : EVERY_MOST_S;
	if (verify_look(v, &want, &verified, err) != 0)
		return -1;
	for (size_t i = 0; (damage = verify_damage(v, i)) != NULL; i++) {
		if (damage->n_generations == 0)
			continue;
		encoder_reset(&v->encoder);
		put_damage(&v->encoder, damage);
		if (reply(v, wire, FRAME_DAMAGE, err) != 0)
			return -1;
	}
	encoder_reset(&v->encoder);
	put_verified(&v->encoder, &verified);
	return reply(v, wire, FRAME_VERIFIED, err);
}

/* The content comes in any case; what can't be used of it is passed over. rc and fault: of what was begun. */
static int take_content(struct mend *mend, struct wire *wire, int rc, struct error *fault, struct error *err)
{
	struct frame frame;
	int got;

	while ((got = wire_receive(wire, &frame, err)) == 1 && frame.type == FRAME_MEND_DATA)
		if (rc == 0)
			rc = mend_write(mend, frame.payload, frame.len_bytes, fault);
	if (got == 0)
		return error_set(err, ERR_LINK, "the client went away");
	if (got < 0)
		return -1;
	if (frame.type != FRAME_MEND_END)
		return error_set(err, ERR_PROTOCOL, "%s inside a file that is mended", frame_name(frame.type));
	if (frame.len_bytes != 1)
		return error_set(err, ERR_PROTOCOL, "a MEND_END that makes no sense");
	/* The client's own file would not be read to its end. */
	if (rc == 0 && frame.payload[0] == 0)
		rc = error_set(fault, ERR_DAMAGED, "the source has it no more");
	return rc == 0 ? 0 : 1;
}

static int on_mend(struct verify *v, struct wire *wire, const struct frame *frame, struct error *err)
{
	struct error fault = { .class = ERR_NONE };
	char reason[VERIFY_CODEC_REASON_SIZE];
	char generation[32];
	enum wire_mended result = WIRE_MENDED_CANNOT;
	struct mend *mend = NULL;
	struct decoder d;
	uint64_t names = 0;
	bool content;
	size_t i;
	int rc;

	decoder_init(&d, frame->payload, frame->len_bytes);
	content = get_u8(&d) != 0;
	get_string(&d, generation, sizeof(generation));
	get_string(&d, v->path, sizeof(v->path));
	if (codec_done(&d, "MEND", err) != 0)
		return -1;
	i = v->book != NULL ? verify_book_find(v->book, generation, v->path) : 0;
	if (v->book == NULL || i == v->book->n_damage)
		return error_set(err, ERR_PROTOCOL, "MEND for what no DAMAGE told of");
	if (content) {
		v->breath.quiet = true;
		rc = begin(v, i, &mend, &fault);
		rc = take_content(mend, wire, rc, &fault, err);
		v->breath.quiet = false;
		if (rc == 0)
			rc = mend_finish(mend, &names, &fault);
		mend_end(&mend);
		if ((rc < 0 && fault.class == ERR_NONE) || judge(v, i, rc, names, &fault, &result, reason, err) != 0)
			return -1;
	} else if (verify_mend(v, i, &result, reason, err) != 0) {
		return -1;
	}
	encoder_reset(&v->encoder);
	put_u8(&v->encoder, (uint8_t)result);
	put_string(&v->encoder, reason);
	return reply(v, wire, FRAME_MENDED, err);
}

int verify_answer(struct verify *v, struct wire *wire, const struct frame *frame, struct error *err)
{
	return frame->type == FRAME_VERIFY ? on_verify(v, wire, frame, err) : on_mend(v, wire, frame, err);
}
