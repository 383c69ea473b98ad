/* page: what the pages of a vault tell, read from the vault: START-HERE.html and README.txt say the same from it.
 *
 * bounded: what is read grows with the number of generations by their names alone. lifetime: page_new / page_destroy. threads: one; the vault is locked. */
#ifndef AOB_PAGE_H
#define AOB_PAGE_H

#include <limits.h>
#include <stdio.h>

#include "receiver/brake_mark.h"
#include "receiver/contact.h"
#include "receiver/record.h"
#include "receiver/vault.h"
#include "receiver/words/words.h"

#define PAGE_ROWS 30    /* told in detail, the newest */
#define PAGE_ENTRIES 48 /* of the newest one's top folder, the first by name */
#define PAGE_BUNDLES 8
#define PAGE_LOOKS 100000 /* at names in that folder, at most */

struct page_entry {
	char name[NAME_MAX + 1];
	bool is_folder;
};

/* The first by name, sorted; the others are counted. */
struct page_entries {
	struct page_entry list[PAGE_ENTRIES];
	size_t n, most;
	size_t seen;
};

struct page {
	const struct vault *vault;
	const struct words *words;
	struct contact contact;
	struct brake_mark mark;
	char (*names)[32]; /* of all that are there, the newest first */
	size_t n;
	struct record *rows; /* of the first of them whose record can be read */
	size_t n_rows;
	struct wire_macs macs; /* in the newest */
	char current[32];      /* "": there is none */
	struct page_entries entries;
	struct page_entries bundles; /* of Macs, among the entries */
	bool passed_over;            /* something could not be read, and is not told: it is to be tried again */
	bool has_front;              /* there is a page above; set by who knows */
	int64_t now_s;
};

/* page_new: errors: ERR_SYSTEM, by errno */
int page_new(const struct vault *vault, struct page **page, struct error *err);
void page_destroy(struct page **page);

/* page_write: what `tell` writes becomes the file of that name, by one rename. durable. errors: ERR_SYSTEM, by errno; the older file stays then */
int page_write(int folder_fd, const char *name, void (*tell)(const void *what, FILE *out), const void *what,
               struct error *err);

#endif
