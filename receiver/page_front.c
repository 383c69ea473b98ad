#include "receiver/page_front.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "receiver/page.h"
#include "receiver/page_tell.h"
#include "receiver/sheet_html.h"

#define LOCK_TRIES 50
#define LOCK_NAP_NS 100000000L
#define LOOKS 10000 /* at names in ROOT, at most */

struct front {
	const struct vault *vault; /* who writes */
	char (*names)[VAULT_PIPELINE_MAX + 1];
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Folders with a name that a pipeline may have; what is none of ours is passed over when it is opened. */
static int collect(struct front *front, int root_fd, struct error *err)
{
	int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;

	front->names = calloc(PAGE_FRONT_PIPELINES, sizeof(*front->names));
	if (dir == NULL || front->names == NULL) {
		(void)error_sys(err, dir == NULL ? errno : ENOMEM, "reading the vault's root");
		if (dir != NULL)
			(void)closedir(dir);
		else if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's own */
	for (unsigned i = 0; i < LOOKS && front->n < PAGE_FRONT_PIPELINES && (found = readdir(dir)) != NULL; i++)
		if (vault_pipeline_valid(found->d_name) && strcmp(found->d_name, PAGE_FRONT_NAME) != 0)
			(void)snprintf(front->names[front->n++], sizeof(*front->names), "%.64s", found->d_name);
	(void)closedir(dir);
	qsort(front->names, front->n, sizeof(*front->names), by_name);
	return 0;
}

static void tell_pipeline(const struct sheet *sheet, const struct page *page)
{
	char when[SHEET_VALUE_SIZE];
	char files[SHEET_VALUE_SIZE];
	char size[SHEET_VALUE_SIZE];
	char dates[SHEET_VALUE_SIZE];
	const struct record *newest = &page->rows[0];

	(void)fprintf(sheet->out, "<section>\n<h3><a href=\"%s/" PAGE_FRONT_NAME "\">%s</a></h3>\n",
	              page->vault->pipeline, page->vault->pipeline);
	sheet_raw(sheet, "<p>");
	if (newest->host[0] != '\0') {
		sheet_text(sheet, newest->host);
		sheet_raw(sheet, ", <code>");
		sheet_text(sheet, newest->source);
		sheet_raw(sheet, "</code>: ");
	}
	sheet_say(sheet, sheet->words->all_newest,
	          SHEET_VALUES(sheet_time(sheet->words, newest->taken_at_s, when),
	                       sheet_number(sheet, newest->files, files), sheet_size(sheet, newest->bytes, size)));
	sheet_raw(sheet, "; ");
	sheet_say(sheet, sheet->words->all_dates, SHEET_VALUES(sheet_number(sheet, page->n, dates)));
	sheet_raw(sheet, "</p>\n");
	page_tell_macs(sheet, &page->macs);
	sheet_raw(sheet, "</section>\n");
}

static void tell_contact(const struct sheet *sheet, const struct vault *vault)
{
	struct contact contact;

	contact_read(vault, &contact);
	if (contact.name[0] != '\0' || contact.phone[0] != '\0' || contact.mail[0] != '\0')
		page_tell_call(sheet, &contact, "");
}

static void tell(const void *what, FILE *out)
{
	const struct front *front = what;
	struct contact contact;
	struct sheet sheet = { .out = out, .html = true };

	contact_read(front->vault, &contact);
	sheet.words = words_of(contact.language);
	sheet_html_head(&sheet, NULL);
	sheet_html_main(&sheet);
	sheet_heading(&sheet, "all", sheet.words->all);
	sheet_para(&sheet, sheet.words->all_are, SHEET_NONE);
	for (size_t i = 0; i < front->n; i++) {
		struct error aside = { .class = ERR_NONE };
		struct vault *vault = NULL;
		struct page *page = NULL;

		/* Something else may lie there too. */
		if (vault_open(front->vault->options, front->names[i], false, &vault, &aside) == 0 &&
		    page_new(vault, &page, &aside) == 0 && page->n_rows > 0)
			tell_pipeline(&sheet, page);
		page_destroy(&page);
		vault_close(&vault);
	}
	tell_contact(&sheet, front->vault);
	sheet_html_foot(&sheet, time(NULL));
}

static int lock(int root_fd, struct error *err)
{
	struct timespec nap = { .tv_nsec = LOCK_NAP_NS };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(root_fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_sys(err, errno, "locking the vault's root");
		(void)nanosleep(&nap, NULL);
	}
	return error_set(err, ERR_LOCKED, "somebody holds the vault's root");
}

static bool is_there(int root_fd)
{
	struct stat st;

	return fstatat(root_fd, PAGE_FRONT_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

int page_front_write(const struct vault *vault, bool *there, struct error *err)
{
	struct front front = { .vault = vault };
	int root_fd = open(vault->options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = -1;

	*there = false;
	if (root_fd < 0)
		return error_sys(err, errno, "opening the vault's root");
	if (faccessat(root_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		rc = 0;
	else if (lock(root_fd, err) == 0 && collect(&front, root_fd, err) == 0)
		rc = page_write(root_fd, PAGE_FRONT_NAME, tell, &front, err);
	*there = is_there(root_fd);
	free(front.names);
	(void)close(root_fd);
	return rc;
}
