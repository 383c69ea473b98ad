/* Whatever lies in a vault where our own notes should: records, the state of what is being built, the format, what the brake holds, what is damaged, what a
 * mending was at. First byte: which. */
#include "tests/fuzz/playground.h"

#include "lib/hex.h"
#include "lib/log.h"
#include "receiver/brake_mark.h"
#include "receiver/incoming.h"
#include "receiver/inventory.h"
#include "receiver/moves.h"
#include "receiver/publish.h"
#include "receiver/record.h"
#include "receiver/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const places[] = { ("root/p/.aob/generations/" PLAYGROUND_GENERATION ".json"),
	                              "root/p/.aob/incoming/run-1/state.json",
	                              "root/p/.aob/format.json",
	                              "root/p/.aob/incoming/run-1/moves",
	                              "root/p/.aob/brake.json",
	                              "root/p/.aob/verify.json",
	                              "root/p/.aob/mend.json",
	                              "root/p/.aob/mend.names" };
#define N_PLACES (sizeof(places) / sizeof(places[0]))
#define NAMES (N_PLACES - 1)

/* A mending was cut off behind the first of several names, whose list is what comes from outside. */
static void cut_off(void)
{
	char text[512];
	char path[400];
	char sha256[2 * SHA256_BYTES + 1];
	uint8_t bytes[SHA256_BYTES];
	struct stat st;

	sha256_of(PLAYGROUND_RIGHT, strlen(PLAYGROUND_RIGHT), bytes);
	hex_text(bytes, sizeof(bytes), sha256);
	playground_text("root/p/generations/" PLAYGROUND_GENERATION "/righted", PLAYGROUND_RIGHT);
	(void)snprintf(path, sizeof(path), "%s/root/p/generations/" PLAYGROUND_GENERATION "/righted", playground_path);
	(void)setxattr(path, "user.aob.sha256", bytes, sizeof(bytes), 0);
	(void)snprintf(path, sizeof(path), "%s/root/p/generations/" PLAYGROUND_GENERATION "/rots", playground_path);
	playground_want(stat(path, &st) == 0);
	(void)snprintf(text, sizeof(text),
	               "{\"generation\": \"" PLAYGROUND_GENERATION
	               "\", \"run\": \"\", \"temp\": \".aob-mend-0123456789abcdef\", \"mtime_s\": 1700000000, "
	               "\"mtime_ns\": 5, "
	               "\"path\": \"righted\", \"names\": 2, \"inode\": %llu, \"sha256\": \"%s\"}",
	               (unsigned long long)st.st_ino, sha256);
	playground_text("root/p/.aob/mend.json", text);
}

/* What can't be read holds; and what is released is. */
static void brake(struct vault *vault, struct error *err)
{
	struct brake_question question = { .percent = 50 };
	struct record record = { .run = "run-2", .name = "2099-01-01T00-00-00Z" };
	struct brake_mark mark;

	playground_want(brake_mark_add(vault, &record, PLAYGROUND_GENERATION, &question, "why", err) == 0);
	playground_want(brake_mark_read(vault, &mark, err) == 0);
	playground_want(!mark.damaged || brake_mark_holds(&mark, PLAYGROUND_GENERATION));
	playground_want(brake_mark_release(vault, mark.generation, &mark, err) == 0 && !mark.held);
}

static void go_on_with(struct vault *vault, struct error *err)
{
	static struct ticker mute;
	static struct record wanted = { .run = "run-1", .state = "quiet", .taken_at_s = 1763876160 };
	struct incoming *incoming;
	enum incoming_how how;
	struct record record;

	if (record_read(vault, PLAYGROUND_GENERATION, &record, err) == 0)
		playground_want(strcmp(record.name, PLAYGROUND_GENERATION) == 0 && record.there);
	if (publish_recover(vault, err) != 0 || incoming_begin(vault, &wanted, -1, &mute, &incoming, &how, err) != 0)
		return;
	if (how == INCOMING_RESUMED && moves_replay(incoming, err) == 0)
		(void)moves_doubt(incoming, err);
	incoming_end(&incoming);
}

static int tell(void *context, uint64_t done, uint64_t total, bool waits, struct error *err)
{
	(void)context, (void)done, (void)total, (void)waits, (void)err;
	return 0;
}

/* Whatever was known to be damaged, what is damaged is told, and a good file is never taken for a damaged one. */
static void read_again(struct vault *vault, struct error *err)
{
	static const struct verify_want want = { .how = WIRE_VERIFY_ALL, .generation = "" };
	char reason[VERIFY_CODEC_REASON_SIZE];
	struct wire_verified verified;
	enum wire_mended result;
	struct verify *verify;

	if (verify_new(vault, tell, NULL, &verify, err) == 0 && verify_look(verify, &want, &verified, err) == 0)
		for (size_t i = 0; verify_damage(verify, i) != NULL; i++)
			if (verify_mend(verify, i, &result, reason, err) != 0)
				break;
	verify_destroy(&verify);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char root[400];
	struct vault_options options = { .root = root, .strategy = STRATEGY_HARDLINK };
	struct error err = { .class = ERR_NONE };
	struct vault *vault;
	FILE *out;

	if (size == 0)
		return 0;
	playground_vault();
	playground_rots();
	playground_folder("root/p/.aob/incoming/run-1");
	playground_folder("root/p/.aob/incoming/run-1/tree");
	playground_text("root/p/.aob/incoming/run-1/state.json",
	                "{\"format\": 1, \"base\": \"" PLAYGROUND_GENERATION
	                "\", \"boot_id\": \"another\", \"work\": \".aob-0123456789abcdef\"}");
	playground_file(places[data[0] % N_PLACES], data + 1, size - 1);
	if (data[0] % N_PLACES == NAMES)
		cut_off();
	(void)snprintf(root, sizeof(root), "%s/root", playground_path);
	log_open("fuzz", NULL);
	if (vault_open(&options, "p", true, &vault, &err) == 0) {
		brake(vault, &err);
		go_on_with(vault, &err);
		read_again(vault, &err);
		vault_close(&vault);
	}
	out = fopen("/dev/null", "we");
	playground_want(out != NULL);
	(void)inventory_print(&options, out, &err);
	(void)fclose(out);
	playground_holds("root/p/generations/" PLAYGROUND_GENERATION "/file", 0);
	playground_holds("root/p/generations/" PLAYGROUND_GENERATION "/folder/deep", 0);
	playground_rots_or_mended();
	playground_holds("beside/file", 0);
	return 0;
}
