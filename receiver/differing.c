#include "receiver/differing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/hex.h"
#include "lib/log.h"
#include "receiver/reading.h"
#include "receiver/record.h"
#include "receiver/seal.h"

#define REASON                                                                                                         \
	"names or metadata (a folder's time too) are not what was published, by its root hash; `aob diff` to its "     \
	"neighbours may tell what"

struct looking {
	const struct vault *vault;
	struct verify_book *book;
	struct breath *breath;
};

static int take(void *context, struct error *err)
{
	return breath_take(context, err);
}

static bool touches(const struct wire_damage *damage, const char *generation)
{
	for (size_t i = 0; i < damage->n_generations; i++)
		if (strcmp(damage->generations[i], generation) == 0)
			return true;
	return false;
}

/* What else is known of it tells why it is not what it was. */
static bool explained(const struct verify_book *book, const char *generation)
{
	if (book->more_damage > 0)
		return true;
	for (size_t i = 0; i < book->n_damage; i++)
		if (book->damage[i].kind != WIRE_DAMAGE_DIFFERS && touches(&book->damage[i], generation))
			return true;
	return false;
}

static bool recorded(const struct vault *vault, const char *generation, uint8_t root[TREE_DIGEST_BYTES])
{
	struct record *record = calloc(1, sizeof(*record));
	bool there = record != NULL && record_read(vault, generation, record, NULL) == 0 &&
	             hex_is(record->root, TREE_DIGEST_BYTES) &&
	             hex_bytes(record->root, root, TREE_DIGEST_BYTES) == TREE_DIGEST_BYTES;

	free(record);
	return there;
}

enum told { UNTOLD, SAME, ANOTHER, GONE };

/* What lies there, and the root that is recorded of it. */
static int compare(const struct looking *l, const char *generation, uint8_t root[TREE_DIGEST_BYTES], enum told *told,
                   struct error *err)
{
	struct ticker ticker = { .also = take, .context = l->breath };
	struct seal seal = { .how = SEAL_LOOK, .ticker = &ticker };
	struct error fault = { .class = ERR_NONE };
	int fd = -1;
	int rc;

	*told = UNTOLD;
	if (!recorded(l->vault, generation, root))
		return 0;
	rc = reading_open(l->vault, generation, &fd, &fault);
	if (rc == 0)
		rc = seal_root(fd, &seal, &fault);
	if (rc == 0)
		rc = reading_check(l->vault, generation, fd, &fault);
	if (fd >= 0)
		(void)close(fd);
	if (rc != 0 && fault.class == ERR_NOT_FOUND)
		*told = GONE;
	if (rc == 0)
		*told = memcmp(seal.root, root, TREE_DIGEST_BYTES) == 0 ? SAME : ANOTHER;
	/* It went meanwhile; or its disk does not give it, which who reads it tells. */
	if (rc == 0 || fault.class == ERR_NOT_FOUND || fault.class == ERR_LOCKED || error_not_given(&fault))
		return 0;
	if (err != NULL)
		*err = fault;
	return -1;
}

/* Is it so still? As long as nobody can tell, or what else is known of it hides that, it is. */
static int look_again(const struct looking *l, size_t i, struct error *err)
{
	const struct wire_damage *damage = &l->book->damage[i];
	uint8_t root[TREE_DIGEST_BYTES];
	enum told told = UNTOLD;

	if (!explained(l->book, damage->generation) && compare(l, damage->generation, root, &told, err) != 0)
		return -1;
	if (told == SAME || told == GONE)
		verify_book_forget(l->book, i);
	return 0;
}

static int look(const struct looking *l, const char *generation, struct error *err)
{
	struct wire_damage damage = { .kind = WIRE_DAMAGE_DIFFERS, .found_at_s = time(NULL) };
	enum told told = UNTOLD;

	if (!explained(l->book, generation) && compare(l, generation, damage.sha256, &told, err) != 0)
		return -1;
	if (told != ANOTHER)
		return 0;
	(void)snprintf(damage.reason, sizeof(damage.reason), "%s", REASON);
	log_line(LOG_ERR, "generation %s: %s", generation, REASON);
	return verify_book_add(l->book, &damage, generation, "", err);
}

int differing_look(const struct vault *vault, struct verify_book *book, struct breath *breath, char (*generations)[32],
                   size_t n, struct error *err)
{
	const struct looking l = { .vault = vault, .book = book, .breath = breath };

	for (size_t i = 0; i < book->n_damage; i++)
		if (book->damage[i].kind == WIRE_DAMAGE_DIFFERS && book->damage[i].n_generations > 0 &&
		    look_again(&l, i, err) != 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (look(&l, generations[i], err) != 0)
			return -1;
	return 0;
}

int differing_same(const struct vault *vault, struct breath *breath, const char *generation, bool *same,
                   struct error *err)
{
	const struct looking l = { .vault = vault, .breath = breath };
	uint8_t root[TREE_DIGEST_BYTES];
	enum told told;

	if (compare(&l, generation, root, &told, err) != 0)
		return -1;
	*same = told == SAME;
	return 0;
}
