/* measuring: how fast does something come over the link? What came is thrown away. docs/wire.md, "The far machine". */
#ifndef AOB_MEASURING_H
#define AOB_MEASURING_H

#include "lib/error.h"
#include "wire/wire.h"

struct measuring {
	int64_t from_us; /* when the first frame had come; 0: none yet */
	uint64_t bytes;  /* behind it */
};

/* measuring_take: a MEASURE, or a MEASURE_END, which is answered, and begins anew. errors: ERR_PROTOCOL, those of wire_send */
int measuring_take(struct measuring *measuring, struct wire *wire, const struct frame *frame, struct error *err);

#endif
