#include "transfer/replay.h"

#include <string.h>

#include "transfer/delta.h"
#include "wire/entry_codec.h"

/* A removal on its own, or a move: one frame each; removals among moves are moves to nowhere, so that their order holds. */
static int send_leaving(struct sender *s, struct plan *plan, const struct plan_item *item, struct error *err)
{
	bool moves = plan_totals(plan).moves != 0;

	encoder_reset(&s->encoder);
	put_bytes(&s->encoder, item->path, strlen(item->path));
	if (moves)
		put_bytes(&s->encoder, item->existing, strlen(item->existing));
	return sender_frame(s, moves ? FRAME_MOVE : FRAME_REMOVE, err);
}

static int send_change(struct sender *s, struct plan *plan, const struct plan_item *item, struct error *err)
{
	struct entry entry;

	if (item->op == PLAN_REMOVE || item->op == PLAN_MOVE)
		return send_leaving(s, plan, item, err);
	if (item->op == PLAN_LINK) {
		encoder_reset(&s->encoder);
		put_bytes(&s->encoder, item->path, strlen(item->path));
		put_bytes(&s->encoder, item->existing, strlen(item->existing));
		return sender_frame(s, FRAME_LINK, err);
	}
	if (sender_read(s, item->path, &entry, err) != 0)
		return -1;
	encoder_reset(&s->encoder);
	put_entry(&s->encoder, &entry);
	return sender_frame(s, item->op == PLAN_MAKE ? FRAME_MAKE : FRAME_META, err);
}

static int send_list(struct sender *s, struct plan *plan, enum plan_list list, struct error *err)
{
	struct plan_item item;
	int rc;

	if (plan_begin(plan, list, err) != 0)
		return -1;
	while ((rc = plan_next(plan, list, &item, err)) == 1)
		if (send_change(s, plan, &item, err) != 0)
			return -1;
	return rc;
}

static int send_moves(struct sender *s, struct plan *plan, struct error *err)
{
	struct encoder *e = &s->encoder;

	if (send_list(s, plan, PLAN_MOVES, err) != 0 || send_list(s, plan, PLAN_REMOVALS, err) != 0)
		return -1;
	if (plan_totals(plan).moves == 0)
		return 0;
	encoder_reset(e);
	put_u64(e, plan_totals(plan).leaving);
	put_u8(e, plan_totals(plan).guessed != 0);
	return sender_frame(s, FRAME_MOVES_END, err);
}

int replay_plan(struct sender *s, struct plan *plan, struct error *err)
{
	meter_note(s->meter, "sending what changed");
	if (send_moves(s, plan, err) != 0 || send_list(s, plan, PLAN_EARLY, err) != 0 ||
	    delta_send_files(s, plan, err) != 0 || send_list(s, plan, PLAN_LATE, err) != 0 ||
	    send_list(s, plan, PLAN_FOLDERS, err) != 0)
		return -1;
	return 0;
}
