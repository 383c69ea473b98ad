#include "wire/note.h"

int note_read(const struct frame *frame, struct note *note, struct error *err)
{
	struct decoder d;

	decoder_init(&d, frame->payload, frame->len_bytes);
	note->done = get_u64(&d);
	note->total = get_u64(&d);
	get_string(&d, note->text, sizeof(note->text));
	return codec_done(&d, "NOTE", err);
}
