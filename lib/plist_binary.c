#include "lib/plist_binary.h"

#include <stdio.h>
#include <string.h>

#include "lib/big_endian.h"

#define HEADER_BYTES 8
#define TRAILER_BYTES 32
#define EPOCH_2001_S INT64_C(978307200) /* dates count from 2001-01-01T00:00:00Z */

/* The document: header, objects, a table of their offsets, and a trailer that says where that lies. */
struct document {
	const uint8_t *data;
	size_t objects_end; /* behind the last object: where the table begins */
	const uint8_t *offsets;
	size_t offset_bytes, ref_bytes;
	uint64_t n_objects;
	plist_each *each;
	void *cookie;
	size_t n_values;
	char path[PLIST_PATH_SIZE];
};

/* A container that is being walked. */
struct frame {
	bool dict;
	const uint8_t *keys, *values; /* references */
	uint64_t n, at;
	size_t path_bytes;
};

static int wrong(struct error *err, const char *what)
{
	return error_set(err, ERR_DAMAGED, "no property list: %s", what);
}

static int open_document(struct document *doc, const uint8_t *data, size_t len_bytes, uint64_t *top, struct error *err)
{
	const uint8_t *trailer;
	uint64_t table;

	if (len_bytes < HEADER_BYTES + TRAILER_BYTES)
		return wrong(err, "cut short");
	trailer = data + len_bytes - TRAILER_BYTES;
	doc->data = data;
	doc->offset_bytes = trailer[6];
	doc->ref_bytes = trailer[7];
	doc->n_objects = big_endian(trailer + 8, 8);
	*top = big_endian(trailer + 16, 8);
	table = big_endian(trailer + 24, 8);
	if (doc->offset_bytes < 1 || doc->offset_bytes > 8 || doc->ref_bytes < 1 || doc->ref_bytes > 8 ||
	    table < HEADER_BYTES || table > len_bytes - TRAILER_BYTES ||
	    doc->n_objects > (len_bytes - TRAILER_BYTES - table) / doc->offset_bytes || *top >= doc->n_objects)
		return wrong(err, "its trailer does not fit");
	doc->objects_end = (size_t)table;
	doc->offsets = data + table;
	return 0;
}

/* Where the object's bytes begin, its kind (high four bits), and the count that its low four bits, or an integer behind them, tell. */
struct object {
	uint8_t kind, low;
	uint64_t count;
	const uint8_t *body;
	size_t room_bytes; /* from body on */
};

static int find_object(const struct document *doc, uint64_t ref, struct object *object, struct error *err)
{
	uint64_t offset;

	if (ref >= doc->n_objects)
		return wrong(err, "a reference to nothing");
	offset = big_endian(doc->offsets + ref * doc->offset_bytes, doc->offset_bytes);
	if (offset < HEADER_BYTES || offset >= doc->objects_end)
		return wrong(err, "an object outside of it");
	object->kind = doc->data[offset] >> 4;
	object->low = doc->data[offset] & 0xf;
	object->count = object->low;
	object->body = doc->data + offset + 1;
	object->room_bytes = doc->objects_end - (size_t)offset - 1;
	if (object->low == 0xf && object->kind >= 0x4) {
		size_t bytes;

		if (object->room_bytes < 1 || object->body[0] >> 4 != 0x1 || (object->body[0] & 0xf) > 3)
			return wrong(err, "a length that is none");
		bytes = (size_t)1 << (object->body[0] & 0xf);
		if (object->room_bytes < 1 + bytes)
			return wrong(err, "cut short");
		object->count = big_endian(object->body + 1, bytes);
		object->body += 1 + bytes;
		object->room_bytes -= 1 + bytes;
	}
	return 0;
}

/* UTF-16BE to UTF-8, cut to the room; half a pair becomes U+FFFD. */
static void take_utf16(const uint8_t *units, uint64_t n, char *out, size_t size)
{
	size_t used = 0;

	for (uint64_t i = 0; i < n && used + 4 < size; i++) {
		uint32_t c = (uint32_t)big_endian(units + 2 * i, 2);

		if (c >= 0xd800 && c < 0xdc00 && i + 1 < n) {
			uint32_t next = (uint32_t)big_endian(units + 2 * i + 2, 2);

			if (next >= 0xdc00 && next < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00);
				i++;
			}
		}
		if (c >= 0xd800 && c < 0xe000)
			c = 0xfffd;
		if (c < 0x80) {
			out[used++] = (char)c;
		} else if (c < 0x800) {
			out[used++] = (char)(0xc0 | c >> 6);
			out[used++] = (char)(0x80 | (c & 0x3f));
		} else if (c < 0x10000) {
			out[used++] = (char)(0xe0 | c >> 12);
			out[used++] = (char)(0x80 | (c >> 6 & 0x3f));
			out[used++] = (char)(0x80 | (c & 0x3f));
		} else {
			out[used++] = (char)(0xf0 | c >> 18);
			out[used++] = (char)(0x80 | (c >> 12 & 0x3f));
			out[used++] = (char)(0x80 | (c >> 6 & 0x3f));
			out[used++] = (char)(0x80 | (c & 0x3f));
		}
	}
	out[used] = '\0';
}

static int take_string(const struct object *object, char *out, size_t size, struct error *err)
{
	uint64_t unit_bytes = object->kind == 0x6 ? 2 : 1;
	size_t n;

	if (object->count > object->room_bytes / unit_bytes)
		return wrong(err, "cut short");
	if (object->kind == 0x6) {
		take_utf16(object->body, object->count, out, size);
		return 0;
	}
	n = object->count < size - 1 ? (size_t)object->count : size - 1;
	memcpy(out, object->body, n);
	out[n] = '\0';
	return 0;
}

static int take_date(const struct object *object, struct plist_value *value, struct error *err)
{
	uint64_t bits;
	double seconds;

	if (object->low != 3 || object->room_bytes < 8)
		return wrong(err, "a date that is none");
	bits = big_endian(object->body, 8);
	memcpy(&seconds, &bits, sizeof(seconds));
	if (!(seconds > -1e11 && seconds < 1e11)) /* not a number, too */
		return wrong(err, "a date that is none");
	value->type = PLIST_DATE;
	value->number = (int64_t)seconds + EPOCH_2001_S;
	return 0;
}

static int take_scalar(struct document *doc, const struct object *object, struct error *err)
{
	struct plist_value value = { .type = PLIST_OTHER };
	int rc = 0;

	switch (object->kind) {
	case 0x0:
		if (object->low == 8 || object->low == 9)
			value = (struct plist_value){ .type = PLIST_BOOL, .number = object->low == 9 };
		break;
	case 0x1:
		if (object->low > 4 || object->room_bytes < (size_t)1 << object->low)
			return wrong(err, "an integer that is none");
		/* Of sixteen bytes the low half counts; shorter ones than eight have no sign. */
		value.type = PLIST_INTEGER;
		if (object->low == 4)
			value.number = (int64_t)big_endian(object->body + 8, 8);
		else
			value.number = (int64_t)big_endian(object->body, (size_t)1 << object->low);
		break;
	case 0x3:
		rc = take_date(object, &value, err);
		break;
	case 0x5:
	case 0x6:
		value.type = PLIST_STRING;
		rc = take_string(object, value.text, sizeof(value.text), err);
		break;
	default: /* reals, data, UIDs */
		break;
	}
	if (rc == 0)
		doc->each(doc->cookie, doc->path, &value);
	return rc;
}

static int open_container(const struct document *doc, const struct object *object, struct frame *frame,
                          struct error *err)
{
	uint64_t lists = object->kind == 0xd ? 2 : 1;

	if (object->count > object->room_bytes / (lists * doc->ref_bytes))
		return wrong(err, "cut short");
	*frame = (struct frame){ .dict = object->kind == 0xd,
		                 .keys = object->body,
		                 .values = object->body + (lists - 1) * object->count * doc->ref_bytes,
		                 .n = object->count,
		                 .path_bytes = strlen(doc->path) };
	return 0;
}

static int add_key(struct document *doc, uint64_t ref, struct error *err)
{
	char key[PLIST_TEXT_SIZE];
	struct object object = { .kind = 0 };

	if (find_object(doc, ref, &object, err) != 0)
		return -1;
	if (object.kind != 0x5 && object.kind != 0x6)
		return wrong(err, "a key that is no string");
	if (take_string(&object, key, sizeof(key), err) != 0)
		return -1;
	plist_path_add(doc->path, key);
	return 0;
}

int plist_binary_parse(const void *data, size_t len_bytes, plist_each *each, void *cookie, struct error *err)
{
	struct document doc = { .each = each, .cookie = cookie };
	struct frame frames[PLIST_DEPTH_MAX] = { { .n = 0 } };
	size_t depth = 0;
	uint64_t ref = 0;

	if (open_document(&doc, data, len_bytes, &ref, err) != 0)
		return -1;
	for (;;) {
		struct object object = { .kind = 0 };
		struct frame *top;

		if (++doc.n_values > PLIST_VALUES_MAX)
			return wrong(err, "too many values");
		if (find_object(&doc, ref, &object, err) != 0)
			return -1;
		if (object.kind != 0xa && object.kind != 0xd) {
			if (take_scalar(&doc, &object, err) != 0)
				return -1;
		} else if (depth == PLIST_DEPTH_MAX) {
			return wrong(err, "nested too deep");
		} else if (open_container(&doc, &object, &frames[depth++], err) != 0) {
			return -1;
		}
		/* On to the next value, out of all containers that are done. */
		while (depth > 0 && frames[depth - 1].at == frames[depth - 1].n)
			depth--;
		if (depth == 0)
			return 0;
		top = &frames[depth - 1];
		doc.path[top->path_bytes] = '\0';
		if (top->dict &&
		    add_key(&doc, big_endian(top->keys + top->at * doc.ref_bytes, doc.ref_bytes), err) != 0)
			return -1;
		ref = big_endian(top->values + top->at * doc.ref_bytes, doc.ref_bytes);
		top->at++;
	}
}
