#include "receiver/readme_page.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/durable.h"
#include "lib/log.h"
#include "lib/version.h"
#include "receiver/page.h"
#include "receiver/page_front.h"
#include "receiver/page_tell.h"

#define PAGE "START-HERE.html"
#define TEXT "README.txt"
#define BASIS "pages" /* in .aob */
#define BASIS_SIZE 512

/* Anything that is other than before is new; whether a clock goes on or back says nothing. */
static size_t add_stamp(const struct vault *vault, const char *name, char *out, size_t size)
{
	struct stat st;
	int n = fstatat(vault->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0
	                ? snprintf(out, size, "%s %" PRIuMAX " %" PRIdMAX ".%09ld\n", name, (uintmax_t)st.st_ino,
	                           (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec)
	                : snprintf(out, size, "%s -\n", name);

	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

static void stamp(const struct vault *vault, char out[BASIS_SIZE])
{
	static const char *const names[] = { "generations", "current", ".aob/brake.json", ".aob/contact.json" };
	size_t used = (size_t)snprintf(out, BASIS_SIZE, "%s\n", AOB_VERSION);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		used += add_stamp(vault, names[i], out + used, BASIS_SIZE - used);
}

static void put_html(const void *page, FILE *out)
{
	page_tell_html(page, out);
}

static void put_text(const void *page, FILE *out)
{
	page_tell_text(page, out);
}

int readme_page_write(const struct vault *vault, struct error *err)
{
	struct error aside = { .class = ERR_NONE };
	char basis[BASIS_SIZE];
	struct page *page = NULL;
	bool has_front = false;
	int rc = -1;

	stamp(vault, basis);
	if (page_front_write(vault, &has_front, &aside) != 0)
		log_error(LOG_WARNING, &aside, "the page above %s is not written yet", vault->pipeline);
	if (page_new(vault, &page, err) != 0)
		return -1;
	page->has_front = has_front;
	if (page_write(vault->folder_fd, PAGE, put_html, page, err) == 0 &&
	    page_write(vault->folder_fd, TEXT, put_text, page, err) == 0)
		rc = 0;
	/* Killed before, or failed, or not all could be read: the next writer writes them again. */
	if (rc == 0 && aside.class == ERR_NONE && !page->passed_over)
		rc = durable_write(vault->aob_fd, BASIS, DURABLE_PUBLIC, basis, strlen(basis), err);
	page_destroy(&page);
	return rc;
}

int readme_page_refresh(const struct vault *vault, struct error *err)
{
	char basis[BASIS_SIZE];
	char current[32];
	char *text = NULL;
	size_t len_bytes = 0;
	bool same;

	if (vault_current(vault, current, err) != 0)
		return -1;
	if (current[0] == '\0')
		return 0; /* nothing was published yet */
	stamp(vault, basis);
	same = durable_read(vault->aob_fd, BASIS, BASIS_SIZE, &text, &len_bytes, NULL) == 0 && strcmp(text, basis) == 0;
	free(text);
	return same ? 0 : readme_page_write(vault, err);
}
