#include "wire/rehearse_bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/plist.h"
#include "lib/time_machine.h"

#define INFO "Info.plist"
#define COPY "Info.bckup"
#define TOKEN "token"
#define MARK "com.apple.TimeMachine."
#define PLIST ".plist"
#define BANDS "bands"
#define MAPPED "mapped" /* a second file for each band, of bundles of version 2 */
#define PREPARING ".incomplete"
#define SECTOR_BYTES 512u
#define BAND_BYTES_MAX (UINT64_C(1) << 40)
#define BAND_DIGITS_MAX 15
#define OWN_MARKS_MAX (REHEARSE_BUNDLE_OWN_MAX - 3) /* but for Info.plist, its copy and token */
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A band that stands for all: the one furthest out, the largest, the one drawn by lot. */
struct band {
	char *path; /* NULL: none yet */
	uint64_t index, bytes, rank;
};

struct own {
	char *path;
	uint64_t bytes;
};

struct bundle {
	char *path;
	bool marked, preparing;
	bool token, bands;
	struct own own[REHEARSE_BUNDLE_OWN_MAX];
	size_t n_own;
	struct band last, largest, lot;
};

struct rehearse_bundles {
	size_t n;
	struct bundle of[TIME_MACHINE_BUNDLES_MAX];
};

int rehearse_bundle_new(struct rehearse_bundles **bundles, struct error *err)
{
	*bundles = calloc(1, sizeof(**bundles));
	return *bundles != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

void rehearse_bundle_destroy(struct rehearse_bundles **bundles)
{
	if (*bundles == NULL)
		return;
	for (size_t i = 0; i < (*bundles)->n; i++) {
		struct bundle *bundle = &(*bundles)->of[i];

		free(bundle->path);
		for (size_t k = 0; k < bundle->n_own; k++)
			free(bundle->own[k].path);
		free(bundle->last.path);
		free(bundle->largest.path);
		free(bundle->lot.path);
	}
	free(*bundles);
	*bundles = NULL;
}

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text);
	size_t n = strlen(ending);

	return len >= n && strcmp(text + len - n, ending) == 0;
}

static int copy(char **to, const char *text, struct error *err)
{
	char *own = strdup(text);

	if (own == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	free(*to);
	*to = own;
	return 0;
}

/* The bundle that the path lies in, if that is one; in *below what is behind its name: "" itself. Another bundle may lie beside what one holds, so not only the last is asked. */
static struct bundle *bundle_of(struct rehearse_bundles *bundles, const char *path, const char **below)
{
	size_t n = time_machine_bundle_of(path);

	*below = path[n] == '/' ? path + n + 1 : path + n;
	if (n == 0)
		return NULL;
	for (size_t i = bundles->n; i-- > 0;)
		if (strncmp(bundles->of[i].path, path, n) == 0 && bundles->of[i].path[n] == '\0')
			return &bundles->of[i];
	return NULL;
}

static int add_bundle(struct rehearse_bundles *bundles, const char *path, struct error *err)
{
	struct bundle *bundle = &bundles->of[bundles->n];

	if (bundles->n == TIME_MACHINE_BUNDLES_MAX)
		return 0;
	if (copy(&bundle->path, path, err) != 0)
		return -1;
	bundle->preparing = ends_with(path, PREPARING);
	bundle->marked = ends_with(path, ".backupbundle");
	bundles->n++;
	return 0;
}

/* Lowercase hexadecimal, without zeros in front. */
static bool band_index(const char *name, uint64_t *index)
{
	size_t n = strlen(name);

	if (n == 0 || n > BAND_DIGITS_MAX || strspn(name, "0123456789abcdef") != n || (n > 1 && *name == '0'))
		return false;
	*index = strtoull(name, NULL, 16);
	return true;
}

static int stands(struct band *band, const struct entry *entry, uint64_t index, uint64_t rank, struct error *err)
{
	if (copy(&band->path, entry->path, err) != 0)
		return -1;
	band->index = index;
	band->bytes = entry->size_bytes;
	band->rank = rank;
	return 0;
}

static int take_band(struct bundle *bundle, const struct entry *entry, const char *name, bool mapped,
                     const struct rehearse_sample *sample, struct error *err)
{
	uint64_t rank = rehearse_sample_rank(sample, entry->path);
	uint64_t index;

	if (!band_index(name, &index))
		return 0;
	if ((bundle->last.path == NULL || index > bundle->last.index) &&
	    stands(&bundle->last, entry, index, 0, err) != 0)
		return -1;
	if (mapped)
		return 0;
	if ((bundle->largest.path == NULL || entry->size_bytes > bundle->largest.bytes) &&
	    stands(&bundle->largest, entry, index, 0, err) != 0)
		return -1;
	if ((bundle->lot.path == NULL || rank < bundle->lot.rank) && stands(&bundle->lot, entry, index, rank, err) != 0)
		return -1;
	return 0;
}

static bool is_mark(const char *name)
{
	return strncmp(name, MARK, strlen(MARK)) == 0;
}

static bool is_list(const char *name)
{
	return strcmp(name, INFO) == 0 || strcmp(name, COPY) == 0 || (is_mark(name) && ends_with(name, PLIST));
}

/* A file in the bundle's own folder. */
static int take_own(struct bundle *bundle, const struct entry *entry, const char *name, bool *is_own, struct error *err)
{
	bundle->marked = bundle->marked || is_mark(name);
	if (strcmp(name, TOKEN) == 0)
		bundle->token = true;
	else if (!is_list(name))
		return 0;
	/* However many of the others lie there, what the image is has its place. */
	if (bundle->n_own == REHEARSE_BUNDLE_OWN_MAX || (bundle->n_own >= OWN_MARKS_MAX && is_mark(name)) ||
	    strlen(entry->path) >= REHEARSE_SAMPLE_PATH_MAX)
		return 0;
	if (copy(&bundle->own[bundle->n_own].path, entry->path, err) != 0)
		return -1;
	bundle->own[bundle->n_own++].bytes = entry->size_bytes;
	*is_own = entry->size_bytes <= PLIST_BYTES_MAX;
	return 0;
}

int rehearse_bundle_entry(struct rehearse_bundles *bundles, const struct entry *entry,
                          const struct rehearse_sample *sample, bool *is_own, struct error *err)
{
	const char *below;
	struct bundle *bundle = bundle_of(bundles, entry->path, &below);
	bool mapped = strncmp(below, MAPPED "/", strlen(MAPPED "/")) == 0;

	*is_own = false;
	if (entry->type == ENTRY_FOLDER && bundle == NULL && *below == '\0' && time_machine_bundle_of(entry->path) != 0)
		return add_bundle(bundles, entry->path, err);
	if (bundle == NULL)
		return 0;
	if (entry->type == ENTRY_FOLDER) {
		bundle->bands = bundle->bands || strcmp(below, BANDS) == 0;
		return 0;
	}
	if (entry->type != ENTRY_FILE)
		return 0;
	if (strchr(below, '/') == NULL)
		return take_own(bundle, entry, below, is_own, err);
	if (mapped || strncmp(below, BANDS "/", strlen(BANDS "/")) == 0)
		return take_band(bundle, entry, strchr(below, '/') + 1, mapped, sample, err);
	return 0;
}

static bool is_looked_at(const struct bundle *bundle)
{
	return bundle->marked && !bundle->preparing;
}

size_t rehearse_bundle_count(const struct rehearse_bundles *bundles)
{
	return bundles->n;
}

bool rehearse_bundle_is_looked_at(const struct rehearse_bundles *bundles, size_t bundle)
{
	return is_looked_at(&bundles->of[bundle]);
}

size_t rehearse_bundle_own(const struct rehearse_bundles *bundles, size_t bundle,
                           const char *paths[REHEARSE_BUNDLE_OWN_MAX + 1])
{
	const struct bundle *it = &bundles->of[bundle];
	size_t n = 0;

	for (size_t i = 0; i < it->n_own; i++)
		if (it->own[i].bytes <= PLIST_BYTES_MAX)
			paths[n++] = it->own[i].path;
	paths[n] = NULL;
	return n;
}

int rehearse_bundle_prefer(const struct rehearse_bundles *bundles, struct rehearse_sample *sample, struct error *err)
{
	for (size_t i = 0; i < bundles->n; i++) {
		const struct band *lot = &bundles->of[i].lot;

		if (is_looked_at(&bundles->of[i]) && lot->path != NULL &&
		    rehearse_sample_prefer(sample, lot->path, lot->bytes, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- checking */

struct check {
	const struct bundle *bundle;
	int fd; /* of its folder, as it came back; -1: nothing of it did */
	void (*wrong)(void *context, const char *path, const char *reason);
	void *context;
};

struct image {
	int64_t band_bytes, bytes;
};

static void wrong(const struct check *check, const char *below, const char *reason)
{
	char path[REHEARSE_SAMPLE_PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s%s%s", check->bundle->path, *below != '\0' ? "/" : "", below);
	check->wrong(check->context, path, reason);
}

static void take_value(void *cookie, const char *path, const struct plist_value *value)
{
	struct image *image = cookie;

	if (value->type != PLIST_INTEGER)
		return;
	if (strcmp(path, "band-size") == 0)
		image->band_bytes = value->number;
	if (strcmp(path, "size") == 0)
		image->bytes = value->number;
}

static bool is_sane(const struct image *image)
{
	return image->band_bytes >= (int64_t)SECTOR_BYTES && (uint64_t)image->band_bytes <= BAND_BYTES_MAX &&
	       image->band_bytes % SECTOR_BYTES == 0 && image->bytes > 0;
}

/* Without the name, which plist_read puts in front, and which is told as the path. */
static const char *text_of(const struct error *why, const char *name)
{
	size_t n = strlen(name);

	return strncmp(why->text, name, n) == 0 && strncmp(why->text + n, ": ", 2) == 0 ? why->text + n + 2 : why->text;
}

/* 0, -1: *why tells. */
static int read_image(const struct check *check, const char *name, struct image *image, struct error *why)
{
	*image = (struct image){ .bytes = 0 };
	if (check->fd < 0)
		return error_set(why, ERR_NOT_FOUND, "it is missing");
	if (plist_read(check->fd, name, take_value, image, why) != 0)
		return why->class == ERR_NOT_FOUND ? error_set(why, ERR_NOT_FOUND, "it is missing") : -1;
	if (is_sane(image))
		return 0;
	return error_set(why, ERR_DAMAGED, "it names bands of %lld bytes in an image of %lld, which can't be",
	                 (long long)image->band_bytes, (long long)image->bytes);
}

/* What the image is. Its copy rescues it, but a Mac does not look there by itself. */
static bool check_info(const struct check *check, struct image *image)
{
	char reason[ERROR_TEXT_SIZE + 128];
	struct error why;
	struct error aside;
	bool rescued;

	if (read_image(check, INFO, image, &why) == 0)
		return true;
	rescued = read_image(check, COPY, image, &aside) == 0;
	(void)snprintf(reason, sizeof(reason), "%s%s", text_of(&why, INFO),
	               rescued ? "; " COPY " beside it is whole: copied to " INFO ", the Mac can open it" : "");
	wrong(check, INFO, reason);
	return rescued;
}

static void pass(void *cookie, const char *path, const struct plist_value *value)
{
	(void)cookie;
	(void)path;
	(void)value;
}

/* One may be missing: they are replaced by way of deleting them, and a snapshot may catch that. */
static void check_lists(const struct check *check)
{
	for (size_t i = 0; i < check->bundle->n_own; i++) {
		const char *name = strrchr(check->bundle->own[i].path, '/') + 1;
		struct error why = { .class = ERR_NONE };

		if (check->bundle->own[i].bytes > PLIST_BYTES_MAX)
			wrong(check, name, "it is too large for what it should be");
		else if (is_mark(name) && check->fd >= 0 && plist_read(check->fd, name, pass, NULL, &why) != 0 &&
		         why.class != ERR_NOT_FOUND)
			wrong(check, name, text_of(&why, name));
	}
}

static void check_bands(const struct check *check, const struct image *image)
{
	const struct bundle *bundle = check->bundle;
	uint64_t band_bytes = (uint64_t)image->band_bytes;
	uint64_t bands = band_bytes != 0 ? ((uint64_t)image->bytes - 1) / band_bytes + 1 : 0; /* it is sane, so not 0 */
	char reason[256];

	if (bundle->last.path != NULL && bundle->last.index >= bands) {
		(void)snprintf(reason, sizeof(reason), "this band lies outside of the image, which has %llu bands",
		               (unsigned long long)bands);
		check->wrong(check->context, bundle->last.path, reason);
	}
	if (bundle->largest.path != NULL && bundle->largest.bytes > band_bytes) {
		(void)snprintf(reason, sizeof(reason),
		               "this band has %llu bytes, and a band of this image has %llu at most",
		               (unsigned long long)bundle->largest.bytes, (unsigned long long)band_bytes);
		check->wrong(check->context, bundle->largest.path, reason);
	}
}

void rehearse_bundle_check(const struct rehearse_bundles *bundles, size_t bundle, int folder_fd,
                           void (*wrong_hook)(void *context, const char *path, const char *reason), void *context)
{
	struct check check = { .bundle = &bundles->of[bundle], .wrong = wrong_hook, .context = context };
	struct image image;

	if (!is_looked_at(check.bundle))
		return;
	check.fd = folder_fd >= 0 ? openat(folder_fd, check.bundle->path, FOLDER_FLAGS) : -1;
	if (check_info(&check, &image))
		check_bands(&check, &image);
	check_lists(&check);
	if (!check.bundle->token)
		wrong(&check, TOKEN, "it is missing, and without it a Mac does not open the image");
	if (!check.bundle->bands)
		wrong(&check, BANDS, "this folder is missing");
	if (check.fd >= 0)
		(void)close(check.fd);
}
