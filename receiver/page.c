#include "receiver/page.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/durable.h"
#include "receiver/record_macs.h"

static bool is_bundle(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".sparsebundle") == 0 || strcmp(dot, ".backupbundle") == 0);
}

static void add(struct page_entries *entries, const char *name, bool is_folder)
{
	size_t at = entries->n;

	entries->seen++;
	while (at > 0 && strcmp(entries->list[at - 1].name, name) > 0)
		at--;
	if (at == entries->most)
		return;
	if (entries->n < entries->most)
		entries->n++;
	memmove(&entries->list[at + 1], &entries->list[at], (entries->n - 1 - at) * sizeof(entries->list[0]));
	(void)snprintf(entries->list[at].name, sizeof(entries->list[at].name), "%s", name);
	entries->list[at].is_folder = is_folder;
}

/* What begins with a dot is not for people. */
static void look_into_newest(struct page *page)
{
	int fd = openat(page->vault->generations_fd, page->current, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;

	page->entries.most = PAGE_ENTRIES;
	page->bundles.most = PAGE_BUNDLES;
	if (dir == NULL) {
		page->passed_over = true;
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	while (page->entries.seen < PAGE_LOOKS && (found = readdir(dir)) != NULL) {
		struct stat st;
		bool is_folder;

		if (found->d_name[0] == '.')
			continue;
		is_folder = found->d_type == DT_DIR ||
		            (found->d_type == DT_UNKNOWN &&
		             fstatat(dirfd(dir), found->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode));
		add(&page->entries, found->d_name, is_folder);
		if (is_bundle(found->d_name))
			add(&page->bundles, found->d_name, is_folder);
	}
	(void)closedir(dir);
}

/* Those whose folder is there, or can't be looked at; the newest first. */
static void keep_those_there(struct page *page)
{
	size_t kept = 0;

	for (size_t i = 0; i < page->n; i++)
		if (vault_has(page->vault, page->names[i], NULL) != 0)
			memmove(page->names[kept++], page->names[i], sizeof(page->names[0]));
	page->n = kept;
	for (size_t i = 0; i < kept / 2; i++) {
		char aside[32];

		memcpy(aside, page->names[i], sizeof(aside));
		memcpy(page->names[i], page->names[kept - 1 - i], sizeof(aside));
		memcpy(page->names[kept - 1 - i], aside, sizeof(aside));
	}
}

static int collect(struct page *page, struct error *err)
{
	if (brake_mark_read(page->vault, &page->mark, err) != 0 ||
	    record_names(page->vault, &page->names, &page->n, err) != 0)
		return -1;
	keep_those_there(page);
	page->rows = calloc(PAGE_ROWS, sizeof(*page->rows));
	if (page->rows == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < page->n && page->n_rows < PAGE_ROWS; i++)
		if (record_read(page->vault, page->names[i], &page->rows[page->n_rows], NULL) == 0)
			page->n_rows++;
		else
			page->passed_over = true;
	contact_read(page->vault, &page->contact);
	page->words = words_of(page->contact.language);
	page->now_s = time(NULL);
	if (vault_current(page->vault, page->current, err) != 0)
		return -1;
	if (page->current[0] == '\0')
		return 0;
	record_macs_read(page->vault, page->current, &page->macs);
	look_into_newest(page);
	return 0;
}

int page_new(const struct vault *vault, struct page **page, struct error *err)
{
	struct page *made = calloc(1, sizeof(*made));

	*page = made;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	made->vault = vault;
	if (collect(made, err) == 0)
		return 0;
	page_destroy(page);
	return -1;
}

void page_destroy(struct page **page)
{
	struct page *p = *page;

	if (p == NULL)
		return;
	*page = NULL;
	free(p->names);
	free(p->rows);
	free(p);
}

int page_write(int folder_fd, const char *name, void (*tell)(const void *what, FILE *out), const void *what,
               struct error *err)
{
	char *text = NULL;
	size_t len_bytes = 0;
	FILE *out = open_memstream(&text, &len_bytes);
	bool bad;
	int rc = -1;

	if (out == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	tell(what, out);
	bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad)
		(void)error_set(err, ERR_SYSTEM, "out of memory for %s", name);
	else
		rc = durable_write(folder_fd, name, DURABLE_PUBLIC, text, len_bytes, err);
	free(text);
	return rc;
}
