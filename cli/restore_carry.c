#include "cli/restore_carry.h"

#include <string.h>

#include "cli/restore_delta.h"
#include "cli/restore_names.h"
#include "cli/restore_wish.h"
#include "wire/codec.h"

#define WINDOW_FILES RESTORE_WISH_MOST
#define WINDOW_BYTES (UINT64_C(64) << 20)

/* The records from one place in the plan on that are done together. */
struct window {
	uint64_t from;
	uint64_t records;
	unsigned wishes;
	uint64_t bytes;
};

static void put_rest(struct encoder *e, const struct restore_plan_record *record, uint64_t at)
{
	restore_wish_put(e, record->asked, at, UINT64_MAX);
}

/* Reads ahead as far as one window goes, and asks for its files. What was begun before stands alone, as it may have to be asked for once more. 1; 0: the plan has ended; -1 */
static int ask(const struct restore_carry *c, struct encoder *e, struct window *w, struct error *err)
{
	struct restore_plan_record record;
	bool alone = false;
	int rc = 1;

	*w = (struct window){ .from = restore_plan_tell(c->plan) };
	restore_wish_begin(e);
	while (!alone && w->wishes < WINDOW_FILES && w->bytes < WINDOW_BYTES && e->len_bytes < RESTORE_WISH_BYTES) {
		rc = restore_plan_next(c->plan, &record, err);
		if (rc <= 0)
			break;
		if (record.action == RESTORE_CONTENT) {
			alone = record.part_bytes != 0 || record.has_basis;
			if (alone && w->wishes != 0)
				break;
			if (record.has_basis) {
				w->records++;
				break;
			}
			put_rest(e, &record, record.part_bytes);
			w->wishes++;
			w->bytes += record.entry.size_bytes - record.part_bytes;
		}
		w->records++;
	}
	if (rc < 0 || (w->wishes != 0 && restore_wish_send(c->wire, e, w->wishes, err) != 0))
		return -1;
	return w->records != 0;
}

/* One file's answer. 0, 1: from the beginning, please; -1 */
static int receive(const struct restore_carry *c, struct error *err)
{
	for (;;) {
		struct frame frame;
		int rc = wire_receive(c->wire, &frame, err);

		if (rc == 0)
			return error_set(err, ERR_LINK, "the connection was lost");
		if (rc < 0)
			return -1;
		if (frame.type == FRAME_FETCH_FILE_END) {
			rc = unpack_file_end(c->unpack, frame.payload, frame.len_bytes, err);
			return rc >= 0 && c->moved(c->context, err) != 0 ? -1 : rc;
		}
		if (frame.type != FRAME_FETCH_DATA && frame.type != FRAME_NOTE)
			return error_set(err, ERR_PROTOCOL, "%s in the answer to GIVE", frame_name(frame.type));
		if ((frame.type == FRAME_FETCH_DATA &&
		     unpack_data(c->unpack, frame.payload, frame.len_bytes, err) != 0) ||
		    c->moved(c->context, err) != 0)
			return -1;
	}
}

/* Whole, or what is missing of it. */
static int take_rest(const struct restore_carry *c, const struct restore_plan_record *record, struct error *err)
{
	int rc = unpack_file_begin(c->unpack, &record->entry, record->sha256, record->part_bytes, err);

	return rc == 0 ? receive(c, err) : rc;
}

static int take_content(const struct restore_carry *c, struct encoder *e, const struct restore_plan_record *record,
                        struct error *err)
{
	const struct restore_delta delta = { .wire = c->wire,
		                             .unpack = c->unpack,
		                             .target_fd = c->target_fd,
		                             .encoder = e,
		                             .moved = c->moved,
		                             .context = c->context };
	int rc = record->has_basis ? restore_delta_carry(&delta, record, err) : take_rest(c, record, err);

	if (rc != 1)
		return rc;
	restore_wish_begin(e);
	put_rest(e, record, 0);
	if (restore_wish_send(c->wire, e, 1, err) != 0 ||
	    unpack_file_begin(c->unpack, &record->entry, record->sha256, 0, err) != 0)
		return -1;
	return receive(c, err);
}

static int do_record(const struct restore_carry *c, struct encoder *e, const struct restore_plan_record *record,
                     struct error *err)
{
	if (restore_names_changed(record->asked, record->entry.path))
		unpack_tell_name(c->unpack, record->asked, record->entry.path);
	switch (record->action) {
	case RESTORE_FOLDER:
		return unpack_folder(c->unpack, &record->entry, err);
	case RESTORE_SPECIAL:
		return unpack_special(c->unpack, &record->entry, err);
	case RESTORE_LINK:
		return unpack_link(c->unpack, record->entry.path, record->entry.target, err);
	case RESTORE_META:
		return unpack_meta(c->unpack, &record->entry, err);
	case RESTORE_CONTENT:
		return take_content(c, e, record, err);
	case RESTORE_NOT_HELD:
		unpack_leave_out(c->unpack, &record->entry);
		return 0;
	case RESTORE_NOTHING:
	case RESTORE_LEFT_OUT:
		return 0;
	}
	return error_set(err, ERR_IO, "a temporary file was changed");
}

int restore_carry_run(const struct restore_carry *carry, struct error *err)
{
	struct restore_plan_record record;
	struct encoder e;
	struct window w;
	int rc = restore_plan_seek(carry->plan, 0, err) == 0 ? 1 : -1;

	encoder_init(&e);
	while (rc == 1 && (rc = ask(carry, &e, &w, err)) == 1) {
		if (restore_plan_seek(carry->plan, w.from, err) != 0)
			rc = -1;
		for (uint64_t i = 0; i < w.records && rc == 1; i++) {
			rc = restore_plan_next(carry->plan, &record, err);
			if (rc == 1 &&
			    (do_record(carry, &e, &record, err) != 0 || carry->moved(carry->context, err) != 0))
				rc = -1;
		}
	}
	encoder_done(&e);
	return rc < 0 ? -1 : 0;
}

/* In any order: metadata of one folder do not change another's. */
int restore_carry_settle(const struct restore_carry *carry, bool root, struct error *err)
{
	struct restore_plan_record record;
	int rc;

	if (restore_plan_seek(carry->plan, 0, err) != 0)
		return -1;
	while ((rc = restore_plan_next(carry->plan, &record, err)) == 1)
		if (record.action == RESTORE_FOLDER && (*record.entry.path == '\0') == root &&
		    unpack_meta(carry->unpack, &record.entry, err) != 0)
			return -1;
	return rc;
}
