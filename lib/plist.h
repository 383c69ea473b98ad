/* plist: reads Apple property lists, XML and binary, for a few values by name. What is read was written by whoever may write to the share, so the
 * reader is strict and bounded: nothing is built in memory, values are told one after the other with the path that leads to them, and containers
 * deeper than PLIST_DEPTH_MAX, more than PLIST_VALUES_MAX values, or more than PLIST_BYTES_MAX bytes are an error. (A binary list may name one object any
 * number of times, so that a few hundred bytes stand for billions of values: the count stops that.)
 *
 * XML is read by expat, which does not resolve external entities here. source: plist(5) of macOS, the DTD "PropertyList-1.0"; CFBinaryPList.c of
 * Apple's CF-1153 for "bplist00"; expat.h
 *
 * threads: none shared. */
#ifndef AOB_PLIST_H
#define AOB_PLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define PLIST_BYTES_MAX (1 << 20)
#define PLIST_DEPTH_MAX 8
#define PLIST_VALUES_MAX 100000
#define PLIST_PATH_SIZE 256
#define PLIST_TEXT_SIZE 256

enum plist_type { PLIST_STRING, PLIST_INTEGER, PLIST_BOOL, PLIST_DATE, PLIST_OTHER };

struct plist_value {
	enum plist_type type;
	char text[PLIST_TEXT_SIZE]; /* of a string: UTF-8, cut to the room */
	int64_t number;             /* of an integer, a bool (0, 1), a date (seconds since 1970) */
};

/* Called for each value that is no container. path: the keys that lead to it, joined by '/', a list's members by their list's: "Snapshots/Name". Borrowed.
 * A key is cut to the room. */
typedef void plist_each(void *cookie, const char *path, const struct plist_value *value);

/* plist_parse: the list in data. each was called for what came before an error. errors: ERR_DAMAGED (no property list, or not within the bounds),
 * ERR_SYSTEM */
int plist_parse(const void *data, size_t len_bytes, plist_each *each, void *cookie, struct error *err);

/* plist_read: the file `name` in the open folder. Follows no symlink, waits for nothing, moves no access time.
 * errors: as plist_parse, ERR_NOT_FOUND, ERR_DAMAGED (not a plain file, too large), by errno */
int plist_read(int folder_fd, const char *name, plist_each *each, void *cookie, struct error *err);

#endif
