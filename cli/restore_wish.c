#include "cli/restore_wish.h"

#include <string.h>

void restore_wish_begin(struct encoder *e)
{
	encoder_reset(e);
	put_u16(e, 0);
}

void restore_wish_put(struct encoder *e, const char *path, uint64_t from, uint64_t to)
{
	put_bytes(e, path, strlen(path));
	put_u64(e, from);
	put_u64(e, to);
}

int restore_wish_send(struct wire *wire, struct encoder *e, unsigned wishes, struct error *err)
{
	if (e->bad)
		return error_set(err, ERR_SYSTEM, "out of memory");
	e->data[0] = (uint8_t)(wishes >> 8);
	e->data[1] = (uint8_t)wishes;
	return wire_send(wire, FRAME_GIVE, e->data, e->len_bytes, err);
}
