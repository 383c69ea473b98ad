#include "transfer/prove.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crash_point.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "transfer/beside_state.h"

#define BRANCHES_MOST 256u /* that are looked into for what differs */
#define FOUND_MOST 64u     /* … of which so many are named and sent anew */
#define NAMED_MOST 5u      /* … in the error's text; all in the log */

/* Paths, one behind the other, each with its NUL. */
struct paths {
	char *list[BRANCHES_MOST];
	size_t n;
};

struct search {
	struct prove *prove;
	struct prove_input *in;
	struct paths branches, found;
	bool more; /* there is more than is looked for */
};

void prove_open(struct prove *prove, const char *state, const char *pipeline, const char *vault_id)
{
	struct error err = { .class = ERR_NONE };
	char folder[4096];

	*prove = (struct prove){ 0 };
	if (beside_state(state, BESIDE_STATE_LEDGERS, folder, sizeof(folder)) != 0)
		return;
	if (ledger_open(folder, pipeline, vault_id, &prove->ledger, &err) != 0)
		log_error(err.class == ERR_NOT_FOUND ? LOG_INFO : LOG_WARNING, &err,
		          "the vault is not compared by a root hash");
}

void prove_close(struct prove *prove)
{
	ledger_close(&prove->ledger);
}

static bool fits(const struct prove_input *in, const struct ledger *ledger)
{
	return in->plan != NULL && ledger_is_of(ledger, in->base, in->base_view);
}

/* By what has changed, if that is known. 1: it takes a walk. */
static int follow_plan(struct prove *p, struct prove_input *in, struct error *err)
{
	if (!fits(in, p->ledger))
		return 1;
	if (ledger_plan(p->ledger, &in->source, in->plan, err) == 0)
		return 0;
	ledger_undo(p->ledger);
	if (err->class != ERR_DAMAGED && err->class != ERR_NOT_FOUND)
		return -1;
	log_error(LOG_WARNING, err, "following the changes");
	error_clear(err);
	return 1;
}

/* Before COMMIT: killed in between, the next attempt finds it done, or goes through the tree, without reading what it knows. */
static int move_on(struct prove *p, struct prove_input *in, uint8_t root[TREE_DIGEST_BYTES], struct error *err)
{
	int rc = 0;

	if (ledger_commit(p->ledger, err) != 0)
		return -1;
	if (!ledger_is_of(p->ledger, in->snapshot, in->view)) {
		rc = follow_plan(p, in, err);
		if (rc == 1) {
			meter_note(in->sender->meter, "hashing the tree");
			rc = ledger_walk(p->ledger, &in->source, err);
		}
	}
	if (rc != 0 || ledger_root(p->ledger, root, err) != 0 ||
	    ledger_tells_of(p->ledger, in->snapshot, in->view, err) != 0 || ledger_forget_sent(p->ledger, err) != 0 ||
	    ledger_commit(p->ledger, err) != 0)
		return -1;
	crash_point("ledger-kept");
	if (in->source.read_bytes != 0)
		log_line(LOG_INFO, "%llu bytes of content were read, as their hashes were not known here",
		         (unsigned long long)in->source.read_bytes);
	return 0;
}

static int compare(struct prove *p, struct prove_input *in, bool trust, bool *equal, struct error *err)
{
	struct encoder *e = &in->sender->encoder;
	uint8_t root[TREE_DIGEST_BYTES];
	struct frame frame;
	struct decoder d;
	uint64_t unhashed;

	if (move_on(p, in, root, err) != 0)
		return -1;
	meter_note(in->sender->meter, "comparing root hashes");
	encoder_reset(e);
	put_u8(e, trust);
	put_raw(e, root, sizeof(root));
	if (sender_frame(in->sender, FRAME_ROOT, err) != 0 ||
	    wire_expect(in->sender->wire, FRAME_ROOT_SEEN, &frame, err) != 0)
		return -1;
	decoder_init(&d, frame.payload, frame.len_bytes);
	*equal = get_u8(&d) == 1;
	(void)get_raw(&d, TREE_DIGEST_BYTES);
	unhashed = get_u64(&d);
	if (codec_done(&d, "ROOT_SEEN", err) != 0)
		return -1;
	if (unhashed != 0)
		log_line(LOG_INFO, "the far end had no hash of %llu files, and read them",
		         (unsigned long long)unhashed);
	hex_text(root, sizeof(root), p->root);
	if (!*equal)
		p->root[0] = '\0';
	return 0;
}

static int remember(struct search *s, struct paths *paths, size_t most, const char *folder, const char *name,
                    struct error *err)
{
	size_t n = strlen(folder) + strlen(name) + 2;
	char *path;

	if (paths->n == most) {
		s->more = true;
		return 0;
	}
	path = malloc(n);
	if (path == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	(void)snprintf(path, n, "%s%s%s", folder, *folder != '\0' && *name != '\0' ? "/" : "", name);
	paths->list[paths->n++] = path;
	return 0;
}

static void forget(struct paths *paths)
{
	while (paths->n > 0)
		free(paths->list[--paths->n]);
}

/* What is at the vault, beside what the ledger has of it. */
static int hold_against(struct search *s, const char *folder, const char *name, unsigned type,
                        const uint8_t theirs[TREE_DIGEST_BYTES], const struct ledger_row *mine, struct error *err)
{
	uint8_t digest[TREE_DIGEST_BYTES] = { 0 };

	tree_digest_entry(ledger_digest(s->prove->ledger), mine->meta, mine->content, digest);
	if (memcmp(digest, theirs, sizeof(digest)) == 0)
		return 0;
	return type == ENTRY_FOLDER && mine->kind == ENTRY_FOLDER
	               ? remember(s, &s->branches, BRANCHES_MOST, folder, name, err)
	               : remember(s, &s->found, FOUND_MOST, folder, name, err);
}

/* Rows in front of `name` (NULL: all that are left) have nothing at the vault. out: its own; id 0: none. */
static int rows_until(struct search *s, const char *folder, int64_t id, const char *name, char last[256],
                      struct ledger_row *row, struct error *err)
{
	for (;;) {
		char found[256];
		int rc = ledger_next(s->prove->ledger, id, last, found, row, err);
		int order = rc == 1 && name != NULL ? strcmp(found, name) : -1;

		if (rc < 0)
			return -1;
		if (rc == 0 || order > 0) {
			row->id = 0;
			return 0;
		}
		memcpy(last, found, sizeof(found));
		if (order == 0)
			return 0;
		if (remember(s, &s->found, FOUND_MOST, folder, found, err) != 0)
			return -1;
	}
}

static int take_twig(struct search *s, const char *folder, int64_t id, char last[256], const struct frame *frame,
                     struct error *err)
{
	uint8_t theirs[TREE_DIGEST_BYTES] = { 0 };
	struct ledger_row row;
	const uint8_t *raw;
	struct decoder d;
	char name[256];
	unsigned type;

	decoder_init(&d, frame->payload, frame->len_bytes);
	type = get_u8(&d);
	raw = get_raw(&d, TREE_DIGEST_BYTES);
	if (raw != NULL)
		memcpy(theirs, raw, sizeof(theirs));
	get_string(&d, name, sizeof(name));
	if (codec_done(&d, "TWIG", err) != 0)
		return -1;
	if (*name == '\0' || strchr(name, '/') != NULL || strcmp(name, last) <= 0)
		return error_set(err, ERR_PROTOCOL, "a TWIG that makes no sense");
	if (rows_until(s, folder, id, name, last, &row, err) != 0)
		return -1;
	if (row.id == 0)
		return remember(s, &s->found, FOUND_MOST, folder, name, err);
	return hold_against(s, folder, name, type, theirs, &row, err);
}

/* One folder: what in it differs is remembered. If nothing does, it is the folder itself. */
static int look_into(struct search *s, const char *folder, struct error *err)
{
	struct encoder *e = &s->in->sender->encoder;
	size_t before = s->branches.n + s->found.n;
	struct ledger_row row;
	char last[256] = "";
	struct frame frame;
	int64_t id;
	int rc = ledger_at(s->prove->ledger, folder, &row, err);

	if (rc != 1)
		return rc;
	id = row.id;
	encoder_reset(e);
	put_bytes(e, folder, strlen(folder));
	if (sender_frame(s->in->sender, FRAME_BRANCH, err) != 0)
		return -1;
	while ((rc = wire_receive(s->in->sender->wire, &frame, err)) == 1 && frame.type != FRAME_BRANCH_END) {
		if (frame.type == FRAME_TWIG && take_twig(s, folder, id, last, &frame, err) != 0)
			return -1;
		if (frame.type != FRAME_TWIG && frame.type != FRAME_NOTE)
			return error_set(err, ERR_PROTOCOL, "%s inside a branch", frame_name(frame.type));
	}
	if (rc != 1)
		return rc == 0 ? error_set(err, ERR_LINK, "the connection was lost inside a branch") : -1;
	if (rows_until(s, folder, id, NULL, last, &row, err) != 0)
		return -1;
	return s->branches.n + s->found.n == before && !s->more ? remember(s, &s->found, FOUND_MOST, folder, "", err)
	                                                        : 0;
}

static int search(struct search *s, struct error *err)
{
	meter_note(s->in->sender->meter, "looking for what differs");
	if (remember(s, &s->branches, BRANCHES_MOST, "", "", err) != 0)
		return -1;
	for (size_t i = 0; i < s->branches.n; i++)
		if (look_into(s, s->branches.list[i], err) != 0)
			return -1;
	return 0;
}

/* What the ledger knows of these is read once more. */
static int doubt(struct search *s, struct error *err)
{
	struct prove *p = s->prove;

	for (size_t i = 0; i < s->found.n; i++) {
		struct ledger_row row;
		int rc = ledger_at(p->ledger, s->found.list[i], &row, err);

		if (rc < 0)
			return -1;
		if (rc == 0 || row.kind != ENTRY_FILE)
			continue;
		row.ctime_ns = 0;
		if (ledger_write(p->ledger, "", &row, err) != 0)
			return -1;
	}
	return ledger_tells_of(p->ledger, "", "", err) == 0 ? ledger_commit(p->ledger, err) : -1;
}

/* It leaves the tree; the next attempt compares with the listing, and sends it. */
static int take_out(struct search *s, struct error *err)
{
	struct encoder *e = &s->in->sender->encoder;

	for (size_t i = 0; i < s->found.n; i++) {
		const char *path = s->found.list[i];
		struct ledger_row row;
		int rc = ledger_at(s->prove->ledger, path, &row, err);

		if (rc < 0)
			return -1;
		if (*path == '\0' || (rc == 1 && row.kind == ENTRY_FOLDER))
			continue; /* its metadata, which the listing shows; or it is not there */
		encoder_reset(e);
		put_bytes(e, path, strlen(path));
		if (sender_frame(s->in->sender, FRAME_REMOVE, err) != 0)
			return -1;
	}
	return wire_flush(s->in->sender->wire, err);
}

static void name_them(const struct search *s, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->found.n && i < NAMED_MOST && used + 1 < size; i++) {
		char safe[200];
		int n = snprintf(text + used, size - used, "%s\"%s\"", i > 0 ? ", " : "",
		                 log_escape(s->found.list[i], safe, sizeof(safe)));

		used += n > 0 ? (size_t)n : 0;
	}
	if ((s->found.n > NAMED_MOST || s->more) && used + 1 < size)
		(void)snprintf(text + used, size - used, " and more");
	for (size_t i = 0; i < s->found.n; i++)
		log_line(LOG_WARNING, "the vault's \"%.300s\" is not that of the snapshot", s->found.list[i]);
}

static int find_out(struct prove *p, struct prove_input *in, bool last, struct error *err)
{
	struct search *s = calloc(1, sizeof(*s));
	char names[512];
	int rc;

	if (s == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	s->prove = p;
	s->in = in;
	rc = search(s, err);
	if (rc == 0) {
		name_them(s, names, sizeof(names));
		rc = last ? take_out(s, err) : doubt(s, err);
	}
	if (rc == 0 && last)
		rc = error_set(err, ERR_DAMAGED,
		               "the vault's tree is not the snapshot's, by its root hash, and was not published: %s "
		               "differ; they are sent anew",
		               names);
	forget(&s->branches);
	forget(&s->found);
	free(s);
	return rc;
}

int prove_tree(struct prove *prove, struct prove_input *in, struct error *err)
{
	bool equal = false;

	if (prove->ledger == NULL)
		return 0;
	if (compare(prove, in, true, &equal, err) != 0)
		return -1;
	if (!equal) {
		log_line(LOG_WARNING, "the vault's root hash is not the snapshot's: both ends look again");
		if (find_out(prove, in, false, err) != 0 || compare(prove, in, false, &equal, err) != 0)
			return -1;
	}
	if (!equal)
		return find_out(prove, in, true, err);
	log_line(LOG_INFO, "the vault holds the snapshot: both came to the root %s", prove->root);
	return 0;
}

void prove_recall(struct prove *prove, const char *snapshot, const char *view)
{
	struct error aside = { .class = ERR_NONE };
	uint8_t root[TREE_DIGEST_BYTES];

	if (prove->ledger == NULL || !ledger_is_of(prove->ledger, snapshot, view))
		return;
	if (ledger_root(prove->ledger, root, &aside) == 0)
		hex_text(root, sizeof(root), prove->root);
	else
		log_error(LOG_WARNING, &aside, "recalling the root hash");
}
