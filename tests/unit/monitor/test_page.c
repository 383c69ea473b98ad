/* The pages say what is so, escape what is hostile, and ask for nothing of another host. */
#include "lib/config.h"
#include "monitor/page.h"
#include "tests/unit/monitor/monitor_lab.h"

static struct config_vault vault = { .name = "dad", .ssh = "me@dad.example.net", .root = "/offsite" };
static struct config_pipeline configured = { .name = "photos", .source = "/volume1/photos", .vault = &vault };
static struct config config = { .pipelines = &configured, .n_pipelines = 1 };

static struct state *known(const char *pipeline)
{
	struct state *state = state_new(LAB_NOW - 100, 1000);
	const char *text = lab_status(pipeline);
	struct error err = { .class = ERR_NONE };

	assert_int_equal(state_answer(state, text, strlen(text), LAB_NOW - 1, 99000, &err), 0);
	return state;
}

static void add_history(struct state *state)
{
	static const char text[] = "{\"status\":\"ok\",\"result\":{\"generations\":[" LAB_GOOD
	                           "," LAB_GENERATION("2026-11-25T10-00-00Z", "1795600800", ",\"pruned\":true") "]}}";
	struct error err = { .class = ERR_NONE };
	struct view_history *history = NULL;

	assert_int_equal(view_history_parse(text, strlen(text), LAB_NOW, &history, &err), 0);
	state_history(state, "photos", &history, 1000);
}

static struct page_of now(struct state *state)
{
	return (struct page_of){ state, &config, LAB_NOW, 100000 };
}

static void home_says_how_it_is(void **unused)
{
	struct state *state = known(",\"last_good\":" LAB_GOOD ",\"age_s\":3600"
	                            ",\"running\":{\"run\":\"r2\",\"step\":\"transfer\",\"steps\":3,\"step_index\":1,"
	                            "\"step_state\":\"working\",\"started_at\":1795633700,"
	                            "\"progress\":{\"done\":500000,\"total\":2000000,\"rate\":100000,\"eta_s\":15,"
	                            "\"files\":1,\"note\":\"sending\"}}"
	                            ",\"space\":{\"vault_free_bytes\":1000000000,\"vault_total_bytes\":4000000000}");
	struct page_of of = now(state);
	struct text text;

	(void)unused;
	add_history(state);
	text_init(&text);
	page_home(&of, &text);
	assert_holds(&text, "<title>Safe · AutoOffsiteBackup</title>");
	assert_holds(&text, "It has a second copy.");
	assert_holds(&text, "The copy is 1 h old, and a newer one is being made.");
	assert_holds(&text, "max=\"2000000\" value=\"500000\"");
	assert_holds(&text, "25 % · 500 kB of 2.00 MB · 100 kB/s · 15 s left");
	assert_holds(&text, "step 2 of 3");
	assert_holds(&text, "1.00 GB of 4.00 GB free");
	assert_holds(&text, "2 generations on 1 of the last 365 days.");
	assert_holds(&text, "1 worker, 1 at work");
	assert_lacks(&text, "{{");
	assert_lacks(&text, " style=");
	assert_lacks(&text, "//fonts");
	assert_lacks(&text, "href=\"http");
	assert_lacks(&text, "src=\"http");
	text_done(&text);
	state_destroy(&state);
}

static void what_is_hostile_stays_text(void **unused)
{
	struct state *state = known(
	        ",\"source\":\"/<img src=x onerror=alert(1)>\",\"watch\":{\"state\":\"active\",\"reason\":\"<b>\"}"
	        ",\"last_run\":{\"run\":\"r\",\"state\":\"failed\",\"error\":{\"code\":\"io\",\"message\":\"</"
	        "p><script>alert(1)</script>\"}}");
	struct event event = lab_event(1, "run.failed", "photos", "2026-11-25T19:09:20.000Z",
	                               "\"error\":{\"message\":\"<script>alert(2)</script>\\u001b[31m\"}");
	struct page_of of = now(state);
	struct text text;

	(void)unused;
	(void)state_event(state, &event, "{}");
	event_done(&event);
	text_init(&text);
	page_home(&of, &text);
	assert_holds(&text, "&lt;script&gt;alert(1)");
	assert_holds(&text, "&lt;script&gt;alert(2)");
	assert_lacks(&text, "<script>alert");
	assert_lacks(&text, "<img");
	assert_lacks(&text, "\x1b");
	text_done(&text);
	state_destroy(&state);
}

static void a_lost_broker_is_said(void **unused)
{
	struct state *state = known(",\"last_good\":" LAB_GOOD);
	const struct error lost = { .class = ERR_LINK, .text = "no answer from the broker" };
	struct page_of of = now(state);
	struct text text;

	(void)unused;
	state_no_answer(state, &lost);
	of.now_ms = 99000 + 120000;
	text_init(&text);
	page_home(&of, &text);
	assert_holds(&text, "The broker has not answered for 2 min.");
	assert_holds(&text, "no answer from the broker");
	assert_holds(&text, "25 Nov 2026"); /* what was known stays */
	assert_int_equal(page_broker_lost_s(&of), 120);
	text_done(&text);
	state_destroy(&state);
}

static void before_the_first_answer(void **unused)
{
	struct state *state = state_new(LAB_NOW, 1000);
	struct page_of of = now(state);
	struct text text;

	(void)unused;
	text_init(&text);
	page_home(&of, &text);
	assert_holds(&text, "not told of any yet");
	text_done(&text);
	assert_int_equal(page_pipeline(&of, "photos", &text), -1);
	assert_int_equal(page_generation(&of, "photos", "x", &text), -1);
	state_destroy(&state);
}

static void a_pipeline_and_its_generations(void **unused)
{
	struct view_detail *detail = lab_detail(
	        "{\"changed_files\":17,\"matched_bytes\":999000,\"changes\":{\"whole\":true,\"new\":1,\"entries\":["
	        "{\"kind\":\"new\",\"path\":\"<script>\"}]}}");
	struct state *state = known(",\"last_good\":" LAB_GOOD);
	struct page_of of = now(state);
	struct text text;
	char run[DETAILS_RUN_SIZE];

	(void)unused;
	add_history(state);
	text_init(&text);
	assert_int_equal(page_pipeline(&of, "photos", &text), 0);
	assert_holds(&text, "<h1 class=\"title\">photos</h1>");
	assert_holds(&text, "href=\"/pipelines/photos/2026-11-25T18-09-26Z\"");
	assert_holds(&text, "1 in the vault");
	assert_holds(&text, "removed");
	text_done(&text);
	text_init(&text);
	assert_int_equal(page_generation(&of, "photos", "2026-11-25T18-09-26Z", &text), 0);
	assert_holds(&text, "50.0 % of the copy");
	assert_holds(&text, "me@dad.example.net:/offsite/photos/generations/2026-11-25T18-09-26Z");
	assert_holds(&text, "aob restore photos --generation 2026-11-25T18-09-26Z");
	assert_holds(&text, "rel=\"prev\" href=\"/pipelines/photos/2026-11-25T10-00-00Z\"");
	assert_lacks(&text, "rel=\"next\"");
	assert_lacks(&text, "Files changed");
	assert_holds(&text, "The broker is being asked what changed.");
	assert_holds(&text, "http-equiv=\"refresh\" content=\"2\"");
	text_done(&text);
	assert_true(details_next(&state->details, run)); /* somebody looked: the broker is to be asked */
	assert_string_equal(run, "r1");
	details_put(&state->details, run, &detail);
	assert_false(details_next(&state->details, run));
	text_init(&text);
	assert_int_equal(page_generation(&of, "photos", "2026-11-25T18-09-26Z", &text), 0);
	assert_holds(&text, "<dt>Files changed</dt><dd>17</dd>");
	assert_holds(&text, "999 kB");
	assert_holds(&text, "<bdi class=\"path\">&lt;script&gt;</bdi>");
	assert_holds(&text, "http-equiv=\"refresh\" content=\"15\"");
	text_done(&text);
	assert_int_equal(page_generation(&of, "photos", "2020", &text), -1);
	assert_int_equal(page_generation(&of, "phot", "2026-11-25T18-09-26Z", &text), -1);
	state_destroy(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(home_says_how_it_is),
		cmocka_unit_test(what_is_hostile_stays_text),
		cmocka_unit_test(a_lost_broker_is_said),
		cmocka_unit_test(before_the_first_answer),
		cmocka_unit_test(a_pipeline_and_its_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
