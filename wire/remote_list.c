#include "wire/remote_list.h"

#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/log.h"
#include "wire/codec.h"

#define GENERATIONS_MAX 100000

static void get_generation(struct decoder *d, bool tells_root, struct generation_info *g)
{
	uint8_t flags;

	get_string(d, g->name, sizeof(g->name));
	get_string(d, g->run, sizeof(g->run));
	get_string(d, g->state, sizeof(g->state));
	get_string(d, g->snapshot_uuid, sizeof(g->snapshot_uuid));
	g->ctransid = get_u64(d);
	g->taken_at_s = get_i64(d);
	g->published_at_s = get_i64(d);
	g->files = get_u64(d);
	g->bytes = get_u64(d);
	g->new_bytes = get_u64(d);
	flags = get_u8(d);
	g->current = (flags & WIRE_GENERATION_CURRENT) != 0;
	g->pinned = (flags & WIRE_GENERATION_PINNED) != 0;
	g->held = (flags & WIRE_GENERATION_HELD) != 0;
	g->root[0] = '\0';
	if (tells_root)
		get_string(d, g->root, sizeof(g->root));
	/* It is shown, and nothing else than a hash. */
	if (g->root[0] != '\0' && !hex_is(g->root, 32))
		d->bad = true;
}

/* Of the generation that was told last. */
static int take_macs(const struct frame *frame, const struct generation_info *of, remote_list_each_macs *each,
                     void *cookie, struct error *err)
{
	struct wire_macs *macs = calloc(1, sizeof(*macs));
	struct decoder d;
	int rc;

	if (macs == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	decoder_init(&d, frame->payload, frame->len_bytes);
	get_macs(&d, macs);
	rc = codec_done(&d, "MACS", err);
	for (size_t i = 0; i < macs->n; i++) {
		char name[MACS_CODEC_NAME_SIZE];

		(void)log_escape(macs->list[i].name, name, sizeof(name));
		memcpy(macs->list[i].name, name, sizeof(name));
	}
	if (rc == 0 && each != NULL)
		each(cookie, of, macs);
	free(macs);
	return rc;
}

int remote_list(struct remote *remote, struct generation_info **list, size_t *n, struct error *err)
{
	return remote_list_macs(remote, list, n, NULL, NULL, err);
}

int remote_list_macs(struct remote *remote, struct generation_info **list, size_t *n, remote_list_each_macs *each,
                     void *cookie, struct error *err)
{
	struct frame frame;
	struct decoder d;
	size_t room = 0;

	*list = NULL;
	*n = 0;
	if (wire_send(remote_wire(remote), FRAME_GENERATIONS, NULL, 0, err) != 0)
		goto fail;
	for (;;) {
		int rc = wire_receive(remote_wire(remote), &frame, err);

		if (rc == 0)
			(void)error_set(err, ERR_LINK, "the connection was lost in the list of generations");
		if (rc <= 0)
			goto fail;
		if (frame.type == FRAME_GENERATIONS_END)
			return 0;
		if (frame.type == FRAME_NOTE)
			continue;
		if (frame.type == FRAME_MACS && *n > 0) {
			if (take_macs(&frame, &(*list)[*n - 1], each, cookie, err) != 0)
				goto fail;
			continue;
		}
		if (frame.type != FRAME_GENERATION || *n >= GENERATIONS_MAX) {
			(void)error_set(err, ERR_PROTOCOL, "%s in the list of generations", frame_name(frame.type));
			goto fail;
		}
		if (*n == room) {
			size_t more = room != 0 ? 2 * room : 64;
			struct generation_info *grown = realloc(*list, more * sizeof(*grown));

			if (grown == NULL) {
				(void)error_set(err, ERR_SYSTEM, "out of memory");
				goto fail;
			}
			*list = grown;
			room = more;
		}
		decoder_init(&d, frame.payload, frame.len_bytes);
		get_generation(&d, remote_welcome(remote)->proves, &(*list)[*n]);
		if (codec_done(&d, "GENERATION", err) != 0)
			goto fail;
		(*n)++;
	}
fail:
	remote_break(remote);
	free(*list);
	*list = NULL;
	*n = 0;
	return -1;
}
