/* Whatever lies in a vault where our own notes should: records, the state of what is being built, the format, what the brake holds. First byte: which. */
#include "tests/fuzz/playground.h"

#include "lib/log.h"
#include "receiver/brake_mark.h"
#include "receiver/incoming.h"
#include "receiver/inventory.h"
#include "receiver/moves.h"
#include "receiver/publish.h"
#include "receiver/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const places[] = { "root/p/.aob/generations/" PLAYGROUND_GENERATION ".json",
	                              "root/p/.aob/incoming/run-1/state.json", "root/p/.aob/format.json",
	                              "root/p/.aob/incoming/run-1/moves", "root/p/.aob/brake.json" };
#define N_PLACES (sizeof(places) / sizeof(places[0]))

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
	if (publish_recover(vault, err) != 0 || incoming_begin(vault, &wanted, &mute, &incoming, &how, err) != 0)
		return;
	if (how == INCOMING_RESUMED && moves_replay(incoming, err) == 0)
		(void)moves_doubt(incoming, err);
	incoming_end(&incoming);
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
	playground_folder("root/p/.aob/incoming/run-1");
	playground_folder("root/p/.aob/incoming/run-1/tree");
	playground_text("root/p/.aob/incoming/run-1/state.json",
	                "{\"format\": 1, \"base\": \"" PLAYGROUND_GENERATION
	                "\", \"boot_id\": \"another\", \"work\": \".aob-0123456789abcdef\"}");
	playground_file(places[data[0] % N_PLACES], data + 1, size - 1);
	(void)snprintf(root, sizeof(root), "%s/root", playground_path);
	log_open("fuzz", NULL);
	if (vault_open(&options, "p", true, &vault, &err) == 0) {
		brake(vault, &err);
		go_on_with(vault, &err);
		vault_close(&vault);
	}
	out = fopen("/dev/null", "we");
	playground_want(out != NULL);
	(void)inventory_print(&options, out, &err);
	(void)fclose(out);
	playground_holds("root/p/generations/" PLAYGROUND_GENERATION "/file", 0);
	playground_holds("beside/file", 0);
	return 0;
}
