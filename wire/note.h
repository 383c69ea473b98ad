/* note: the receiver's word, during long work, of how far that is (docs/wire.md, NOTE). */
#ifndef AOB_NOTE_H
#define AOB_NOTE_H

#include "wire/codec.h"
#include "wire/wire.h"

#define NOTE_TEXT_SIZE 128

struct note {
	uint64_t done, total;      /* total 0: not known */
	char text[NOTE_TEXT_SIZE]; /* as it came: not escaped */
};

/* note_read: errors: ERR_PROTOCOL */
int note_read(const struct frame *frame, struct note *note, struct error *err);

#endif
