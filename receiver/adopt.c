#include "receiver/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/brake_percent.h"
#include "lib/bytes.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "lib/sha256.h"
#include "lib/vault_place.h"
#include "receiver/building.h"
#include "receiver/confine.h"
#include "receiver/moves.h"
#include "receiver/only_copy.h"
#include "receiver/publish.h"
#include "receiver/seal.h"
#include "receiver/seed.h"
#include "receiver/take_in.h"
#include "receiver/unseen.h"
#include "receiver/vault_user.h"

#define TREE_RUN "tree-"
#define TREE_RUN_BYTES 8 /* of a hash */
#define ROUNDS 3         /* of hard links that had to be parted */

struct adopting {
	const struct adopt *adopt;
	char dir[PATH_MAX]; /* without symlinks */
	struct vault *vault;
	struct seed seed; /* of --from */
	struct unseen unseen;
	struct record wanted;
	struct incoming *incoming;
	struct take_in take;
	bool unproven; /* its root hash could not be come to here */
	struct progress_bar bar;
	FILE *out;
};

/* One of the two in the other would never end, or take what is ours. */
static int check_places(struct adopting *a, const char *root, const char *pipeline, struct error *err)
{
	const char *dir = a->adopt->from != NULL ? a->adopt->from : a->adopt->tree;
	char real[PATH_MAX];
	char own[PATH_MAX + VAULT_PIPELINE_MAX + 2];
	size_t n;
	size_t m;

	if (realpath(dir, a->dir) == NULL)
		return error_sys(err, errno, "%s", dir);
	if (a->adopt->move && vault_place_above(a->dir, real))
		return error_set(
		        err, ERR_CONFIG,
		        "%s lies in the vault %s, and --move would take its files out of a generation; take it up "
		        "without --move",
		        dir, real);
	if (realpath(root, real) == NULL)
		return error_sys(err, errno, "the vault's root %s (is its disk mounted?)", root);
	n = (size_t)snprintf(own, sizeof(own), "%s/%s/", strcmp(real, "/") == 0 ? "" : real, pipeline);
	m = strlen(a->dir);
	if (strncmp(a->dir, own, n) == 0 || (strncmp(a->dir, own, n - 1) == 0 && m == n - 1) ||
	    (strncmp(own, a->dir, m) == 0 && (own[m] == '/' || m == 1)))
		return error_set(err, ERR_CONFIG, "%s and the pipeline's folder in the vault, %.*s, lie in one another",
		                 dir, (int)n - 1, own);
	return 0;
}

/* The same for the same folder, so that an adoption that was cut off is gone on with. */
static void name_run(const char *dir, char run[64])
{
	uint8_t sha[SHA256_BYTES];

	sha256_of(dir, strlen(dir), sha);
	memcpy(run, TREE_RUN, sizeof(TREE_RUN));
	hex_text(sha, TREE_RUN_BYTES, run + sizeof(TREE_RUN) - 1);
}

static int read_seed(struct adopting *a, const char *pipeline, struct error *err)
{
	if (seed_open(a->dir, pipeline, &a->seed, err) != 0)
		return -1;
	a->wanted = a->seed.record;
	a->wanted.pinned = false;
	a->take.from_fd = a->seed.tree_fd;
	a->take.recorded = true;
	a->take.files_most = a->wanted.files;
	/* Written by other than root: then it is kept in the form of such a vault. */
	a->take.fake_super = a->seed.owned_by != 0;
	a->bar.total = a->wanted.bytes;
	return 0;
}

/* Nobody knows which snapshot it was made of, nor whether it was at rest: so the first run makes a generation in any case. */
static int read_tree(struct adopting *a, struct error *err)
{
	(void)snprintf(a->wanted.state, sizeof(a->wanted.state), "in-flight");
	(void)snprintf(a->wanted.source, sizeof(a->wanted.source), "%.4000s", a->dir);
	a->wanted.taken_at_s = time(NULL);
	a->take.from_fd = open(a->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->take.from_fd < 0)
		return error_sys(err, errno, "opening %s", a->dir);
	a->take.fake_super = true;
	a->take.move = a->adopt->move;
	name_run(a->dir, a->wanted.run);
	return 0;
}

/* What lies there already must not be undone. */
static int check_newer(const struct adopting *a, struct error *err)
{
	bool held = only_copy_look(a->vault, a->wanted.run, NULL) == 1;
	struct record last;
	char current[32];

	if (vault_current(a->vault, current, err) != 0)
		return -1;
	if (current[0] == '\0')
		return 0;
	if (record_read(a->vault, current, &last, err) != 0)
		return -1;
	if (strcmp(last.run, a->wanted.run) == 0)
		return 0;
	if (a->adopt->tree != NULL)
		return error_set(err, ERR_REFUSED,
		                 "%s has generations already, the newest is %s: what would a tree of no known time be "
		                 "among them? The next run brings what is missing%s%s%s",
		                 a->vault->pipeline, current,
		                 held ? ". What was moved already is in .aob/incoming/" : "", held ? a->wanted.run : "",
		                 held ? "/tree alone: move it back by hand, and remove that folder" : "");
	if (last.taken_at_s < a->wanted.taken_at_s)
		return 0;
	return error_set(err, ERR_REFUSED,
	                 "the seed is of %s, and %s has %s already, which is as new or newer: there is nothing to be "
	                 "taken up",
	                 a->wanted.name, a->vault->pipeline, current);
}

static int open_vault(struct adopting *a, const struct vault_options *options, const char *pipeline, struct error *err)
{
	if (vault_open(options, pipeline, true, &a->vault, err) != 0)
		return -1;
	a->vault->client = a->seed.owner.machine;
	a->vault->contact = a->seed.contact;
	a->vault->contact_told = a->seed.contact.language[0] != '\0';
	return building_own_vault(a->vault, true, err);
}

/* Only a warning: how much room holes and shared blocks spare, only copying tells. */
static void look_at_room(const struct adopting *a)
{
	struct statvfs fs;
	char need[BYTES_TEXT_SIZE];
	char have[BYTES_TEXT_SIZE];
	uint64_t free_bytes;

	if (a->bar.total == 0 || fstatvfs(a->vault->folder_fd, &fs) != 0)
		return;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes < a->bar.total)
		log_line(LOG_WARNING,
		         "the seed is of %s, and %s are free in the vault; if it does not fit, make room and say this "
		         "again: it goes on",
		         bytes_text(a->bar.total, need, sizeof(need)), bytes_text(free_bytes, have, sizeof(have)));
}

static int begin(struct adopting *a, enum incoming_how *how, struct error *err)
{
	int from_fd = a->adopt->tree != NULL ? a->take.from_fd : -1;
	struct ticker mute = { 0 };

	if (incoming_begin(a->vault, &a->wanted, from_fd, &mute, &a->incoming, how, err) != 0 ||
	    *how == INCOMING_PUBLISHED)
		return a->incoming != NULL ? 0 : -1;
	a->incoming->macs = a->seed.macs;
	a->incoming->brake_percent = BRAKE_PERCENT_DEFAULT;
	/* What a run over the link had begun to move is compared like all the rest. */
	if (*how == INCOMING_RESUMED)
		return moves_forget(a->incoming, err);
	look_at_room(a);
	return incoming_build(a->incoming, &mute, err);
}

static int take(struct adopting *a, struct error *err)
{
	int rc = -1;

	a->take.names = stderr;
	a->take.bar = &a->bar;
	for (int i = 0; i < ROUNDS; i++) {
		a->incoming->relinked = false;
		rc = take_in_run(&a->take, a->incoming, err);
		if (rc != 0 || !a->incoming->relinked)
			break;
	}
	progress_clear(&a->bar);
	return rc;
}

/* Root wrote it, with attributes that this user can't take. */
static bool has_unseen(struct adopting *a)
{
	char tree[64 + PATH_MAX];

	(void)snprintf(tree, sizeof(tree), "/proc/%ld/fd/%d/.", (long)getpid(), a->take.from_fd);
	return unseen_there(&a->unseen, tree);
}

/* The record's word is the carried disk's: what lies here has to come to the same, or it is not what was written there. */
static int prove(struct adopting *a, struct error *err)
{
	bool blind = geteuid() != 0 && a->unseen.pid == 0;
	struct ticker mute = { 0 };
	struct seal seal = { .how = SEAL_ANEW, .skip = a->incoming->work, .ticker = &mute };
	char root[TREE_DIGEST_TEXT];

	/* Here it would be all read once more. The NAS does without it, too. */
	if (!seal_possible(a->incoming->tree_fd)) {
		a->incoming->record.root[0] = '\0';
		return 0;
	}
	if (seal_root(a->incoming->tree_fd, &seal, err) != 0)
		return -1;
	hex_text(seal.root, sizeof(seal.root), root);
	if (strcmp(root, a->incoming->record.root) == 0)
		return 0;
	if (geteuid() != 0 && has_unseen(a)) {
		a->unproven = true;
		return 0;
	}
	return error_set(
	        err, ERR_DAMAGED,
	        "the seed's names, metadata and content do not come to its recorded root hash: it is not what was "
	        "written; write it anew%s",
	        blind ? "; or, if there are attributes in it that only root sees (trusted.*), take it up as root" : "");
}

static int judge(struct adopting *a, struct error *err)
{
	struct record *record = &a->incoming->record;

	if (a->take.damaged != 0 && !a->adopt->leave_out_damaged)
		return error_set(err, ERR_DAMAGED,
		                 "%" PRIu64 " files, named above, are not what they were or can't be read, so nothing "
		                 "was published. %s; or take up what is good, and let the first run "
		                 "bring the rest: --leave-out-damaged",
		                 a->take.damaged,
		                 a->adopt->from != NULL ? "Write the seed anew"
		                 : a->adopt->move
		                         ? "Mend them, and say the same again: until then what was moved waits for "
		                           "it, and so does each run"
		                         : "Mend them, and say the same again");
	if (a->take.recorded && a->take.files != a->wanted.files)
		return error_set(err, ERR_DAMAGED,
		                 "the seed's record tells of %" PRIu64 " files, and %" PRIu64
		                 " are there: it is not whole; write it anew",
		                 a->wanted.files, a->take.files);
	if (a->take.damaged == 0 && record->root[0] != '\0' && prove(a, err) != 0)
		return -1;
	/* What is left out is found only by a comparison. */
	if (a->take.damaged != 0 || a->unproven)
		record->snapshot_uuid[0] = record->view[0] = record->root[0] = '\0';
	record->files = a->take.files - a->take.damaged;
	record->bytes = a->take.bytes;
	record->new_bytes = 0;
	return 0;
}

static void tell(const struct adopting *a)
{
	const struct take_in *t = &a->take;
	char all[BYTES_TEXT_SIZE];
	char copied[BYTES_TEXT_SIZE];
	char shared[BYTES_TEXT_SIZE];
	char moved[BYTES_TEXT_SIZE];

	(void)fprintf(a->out,
	              "%s: generation %s: %" PRIu64 " files, %s; %s copied, %s shared with what was there, %s moved, "
	              "%" PRIu64 " files were there already\n",
	              a->vault->pipeline, a->incoming->record.name, t->files, bytes_text(t->bytes, all, sizeof(all)),
	              bytes_text(t->copied_bytes, copied, sizeof(copied)),
	              bytes_text(t->shared_bytes, shared, sizeof(shared)),
	              bytes_text(t->moved_bytes, moved, sizeof(moved)), t->there_files);
	if (t->damaged != 0)
		(void)fprintf(a->out, "%" PRIu64 " damaged files are not in it; the first run brings them\n",
		              t->damaged);
	if (a->unproven)
		(void)fprintf(a->out,
		              "attributes that only root sees (trusted.*) are not in it; the first run brings them, "
		              "and compares all by names, times and root hash\n");
	if (t->sockets != 0)
		(void)fprintf(a->out, "%" PRIu64 " sockets are not in it\n", t->sockets);
	if (t->elsewhere != 0)
		(void)fprintf(a->out, "what lies on %" PRIu64 " other file systems or subvolumes is not in it\n",
		              t->elsewhere);
	(void)fprintf(
	        a->out,
	        a->adopt->from != NULL
	                ? "The first run over the link carries what has changed since. Keep the disk until it has.\n"
	                : "The first run over the link compares it with the source, and carries what differs. Keep "
	                  "%s until it has.\n",
	        a->dir);
}

static int work(struct adopting *a, struct error *err)
{
	struct ticker mute = { 0 };
	enum incoming_how how;

	if (check_newer(a, err) != 0 || begin(a, &how, err) != 0)
		return -1;
	if (how == INCOMING_PUBLISHED) {
		(void)fprintf(a->out, "%s: it was taken up already: generation %s\n", a->vault->pipeline,
		              a->incoming->record.name);
		return 0;
	}
	if (take(a, err) != 0)
		return error_prefix(err, "%s (what has arrived is kept; say the same again to go on)", a->dir);
	if (judge(a, err) != 0 || publish_commit(a->incoming, &mute, err) != 0)
		return -1;
	log_line(LOG_NOTICE, "published generation %s", a->incoming->record.name);
	tell(a);
	return 0;
}

int adopt_run(const struct vault_options *options, const char *pipeline, const struct adopt *adopt, FILE *out,
              struct error *err)
{
	struct adopting *a = calloc(1, sizeof(*a));
	int rc = -1;

	if (a == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	a->adopt = adopt;
	a->out = out;
	a->seed.tree_fd = a->seed.root_fd = a->take.from_fd = -1;
	progress_begin(&a->bar, "taking in");
	rc = check_places(a, options->root, pipeline, err);
	if (rc == 0 && adopt->from != NULL)
		unseen_begin(&a->unseen);
	if (rc == 0)
		rc = vault_user_become(options->root, pipeline, err);
	if (rc == 0) {
		/* What comes next is read from a stranger's disk. */
		(void)confine_process(options->root, a->dir, adopt->move);
		rc = adopt->from != NULL ? read_seed(a, pipeline, err) : read_tree(a, err);
	}
	if (rc == 0)
		rc = open_vault(a, options, pipeline, err) == 0 ? work(a, err) : -1;
	unseen_end(&a->unseen);
	incoming_end(&a->incoming);
	vault_close(&a->vault);
	if (adopt->tree != NULL && a->take.from_fd >= 0)
		(void)close(a->take.from_fd);
	seed_close(&a->seed);
	free(a);
	return rc;
}
