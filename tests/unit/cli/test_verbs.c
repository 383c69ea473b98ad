/* The verbs against a scripted broker: questions, what is printed, exit statuses. */
#include <sysexits.h>

#include "cli/verbs.h"
#include "tests/unit/cli/verb_lab.h"

#define WORDS(...)                                                                                                     \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}
#define FAIL(code, message) "{\"status\":\"fail\",\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"

static const struct verb verbs[] = {
	{ "status", status_main }, { "run", run_main },      { "list", list_main },     { "prune", prune_main },
	{ "keygen", keygen_main }, { "check", check_main },  { "events", events_main }, { "pause", order_main },
	{ "resume", order_main },  { "cancel", order_main }, { "reload", order_main },  { "release", release_main },
	{ "seed", seed_main },     { "died", died_main },
};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static struct verb_lab lab;

static int set_up(void **state)
{
	(void)state;
	(void)setenv("TZ", "UTC", 1);
	verb_lab_open(&lab);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	verb_lab_close(&lab);
	return 0;
}

/* One question, one answer. */
static void one(const char *const *words, const char *reply)
{
	verb_lab_start(&lab, words);
	verb_lab_answer(&lab, reply);
	verb_lab_end(&lab);
}

static void shows(const char *what)
{
	if (strstr(lab.out, what) == NULL)
		fail_msg("no \"%s\" in:\n%s", what, lab.out);
}

static void hides(const char *what)
{
	if (strstr(lab.out, what) != NULL)
		fail_msg("\"%s\" in:\n%s", what, lab.out);
}

#define GOOD                                                                                                           \
	"{\"pipeline\":\"photos\",\"generation\":\"2026-11-22T03-00-00Z\",\"state\":\"quiet\",\"taken_at\":"           \
	"1795316400,"                                                                                                  \
	"\"published_at\":1795316500,\"files\":1234,\"bytes\":1600000000,\"literal_bytes\":23400000,\"pruned\":false}"
#define STATUS(workers, rest)                                                                                          \
	"{\"status\":\"ok\",\"result\":{\"broker\":{\"workers\":[" workers                                             \
	"]},\"pipelines\":[{\"name\":\"photos\",\"source\":\"/volume1/photos\",\"vault\":\"usb\"," rest "}]}}"
#define WATCH "\"watch\":{\"state\":\"active\",\"reason\":\"written 3 s ago\"}"
#define RUNNING(step_state, rest)                                                                                      \
	"\"running\":{\"run\":\"R1\",\"started_at\":1,\"step\":\"transfer\",\"step_index\":1,\"steps\":3,\"attempt\":" \
	"1,"                                                                                                           \
	"\"step_state\":\"" step_state "\"," rest "}"

static void status_says_what_is_safe(void **state)
{
	(void)state;
	one(WORDS("status"),
	    STATUS("", "\"paused\":true,\"last_good\":" GOOD ",\"last_run\":null,\"running\":null," WATCH));
	assert_int_equal(lab.status, EX_OK);
	assert_non_null(strstr(lab.asked, "\"verb\":\"status\""));
	shows("photos");
	shows("(paused)");
	shows("2026-11-22 03:00");
	shows("quiet: 1234 files, 1.60 GB, generation 2026-11-22T03-00-00Z");
	shows("active: written 3 s ago");
	hides("\x1b"); /* no colours in a file */
}

static void status_says_that_nothing_is_safe_and_why(void **state)
{
	(void)state;
	one(WORDS("status"),
	    STATUS("", "\"paused\":false,\"last_good\":null,\"running\":null,"
	               "\"last_run\":{\"state\":\"failed\",\"ended_at\":1,"
	               "\"error\":{\"code\":\"permission\",\"message\":\"the vault's key is refused\"}}," WATCH));
	assert_int_equal(lab.status, EX_OK);
	shows("nothing yet");
	shows("failed");
	shows("the vault's key is refused");
}

static void status_shows_progress(void **state)
{
	(void)state;
	one(WORDS("status"),
	    STATUS("", "\"last_good\":null," WATCH
	               "," RUNNING("working", "\"last_error\":null,\"progress\":{\"done\":25,\"total\":100,\"files\":3,"
	                                      "\"rate\":5,\"eta_s\":15,\"note\":\"sending\"}")));
	shows("transfer (step 2 of 3)");
	shows("25 %  25 B of 100 B");
	shows("15 s left");
	shows("sending");
}

static void status_tells_a_retry_and_its_cause(void **state)
{
	(void)state;
	one(WORDS("status"),
	    STATUS("", "\"last_good\":null," WATCH "," RUNNING("retry-wait", "\"retry_at\":1,\"progress\":null,"
	                                                                     "\"last_error\":{\"code\":\"link\","
	                                                                     "\"message\":\"no route to host\"}")));
	shows("no route to host");
	shows("for another try");
}

static void status_names_the_service_without_a_worker(void **state)
{
	(void)state;
	one(WORDS("status"), STATUS("{\"service\":\"snapshot\"}",
	                            "\"last_good\":null," WATCH "," RUNNING("queued", "\"progress\":null")));
	shows("no worker is there for `transfer`");
	verb_lab_start(&lab, WORDS("status"));
	verb_lab_answer(&lab, STATUS("{\"service\":\"transfer\"}",
	                             "\"last_good\":null," WATCH "," RUNNING("queued", "\"progress\":null")));
	verb_lab_end(&lab);
	shows("for a free worker of `transfer`");
}

static void status_prints_no_control_characters(void **state)
{
	(void)state;
	one(WORDS("status"),
	    STATUS("", "\"last_good\":null,\"running\":null,\"last_run\":{\"state\":\"failed\",\"ended_at\":1,"
	               "\"error\":{\"code\":\"io\",\"message\":\"a\\u001b[2Jb\"}},"
	               "\"watch\":{\"state\":\"active\",\"reason\":\"x\\u0007y\"}"));
	assert_int_equal(lab.status, EX_OK);
	hides("\x1b");
	hides("\x07");
}

/* Of another version, or no broker at all: never a crash. */
static void status_bears_members_of_any_type(void **state)
{
	static const char *const replies[] = {
		STATUS("7", "\"last_good\":7,\"last_run\":[],\"running\":true,\"watch\":\"x\""),
		STATUS("", "\"last_good\":{},\"last_run\":{},\"running\":{},\"watch\":{}"),
		STATUS("", RUNNING("working", "\"progress\":{\"done\":-1,\"total\":\"x\",\"eta_s\":-5,\"note\":3}")),
		"{\"status\":\"ok\",\"result\":{\"pipelines\":[1,null,\"x\",{}]}}",
		"{\"status\":\"ok\",\"result\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		one(WORDS("status"), replies[i]);
		assert_int_equal(lab.status, EX_OK);
	}
}

static void json_is_the_result_as_it_is(void **state)
{
	(void)state;
	one(WORDS("list", "--json"), "{\"status\":\"ok\",\"result\":{\"generations\":[]}}");
	assert_int_equal(lab.status, EX_OK);
	assert_string_equal(lab.out, "{\n  \"generations\": []\n}\n");
}

static void list_shows_a_generation(void **state)
{
	(void)state;
	one(WORDS("list", "photos"), "{\"status\":\"ok\",\"result\":{\"generations\":[" GOOD "]}}");
	assert_non_null(strstr(lab.asked, "\"pipeline\":\"photos\""));
	shows("2026-11-22T03-00-00Z  2026-11-22 03:00  quiet");
	shows("1.60 GB");
	shows("23.4 MB");
}

static void list_marks_what_the_brake_holds(void **state)
{
	(void)state;
	one(WORDS("list", "photos"), "{\"status\":\"ok\",\"result\":{\"generations\":[{\"generation\":\"G2\",\"held\":"
	                             "false},{\"generation\":\"G1\",\"held\":true}]}}");
	shows("G1");
	shows("(held by the brake)");
	assert_null(strstr(strstr(lab.out, "(held by the brake)") + 1, "(held by the brake)"));
}

static void list_leaves_out_what_was_pruned(void **state)
{
	(void)state;
	one(WORDS("list"),
	    "{\"status\":\"ok\",\"result\":{\"generations\":[{\"generation\":\"G1\",\"pruned\":true}]}}");
	hides("G1");
	shows("no generations yet");
}

static void list_tells_how_many_it_leaves_out(void **state)
{
	(void)state;
	one(WORDS("list"), "{\"status\":\"ok\",\"result\":{\"generations\":[" GOOD "],\"left_out\":7}}");
	shows("\nand 7 older ones, which `aob list PIPELINE` lists, or `aob list --vault`\n");
	one(WORDS("list", "photos"), "{\"status\":\"ok\",\"result\":{\"generations\":[" GOOD "],\"left_out\":7}}");
	shows("\nand 7 older ones, which `aob list photos --vault` lists too\n");
	one(WORDS("list"), "{\"status\":\"ok\",\"result\":{\"generations\":[" GOOD "],\"left_out\":0}}");
	hides("older ones");
}

static void a_fault_becomes_its_exit_status(void **state)
{
	static const struct {
		const char *reply;
		int status;
	} cases[] = {
		{ FAIL("not-found", "no pipeline photso"), EX_NOINPUT },
		{ FAIL("refused", "photos is paused"), EX_NOPERM },
		{ FAIL("space", "no room"), EX_CANTCREAT },
		{ FAIL("never-heard-of", "x"), EX_SOFTWARE },
		{ "[]", EX_PROTOCOL },
		{ "{", EX_PROTOCOL },
		{ "{}", EX_PROTOCOL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		one(WORDS("run", "photos"), cases[i].reply);
		assert_int_equal(lab.status, cases[i].status);
		assert_string_equal(lab.out, "");
		assert_int_equal(strncmp(lab.err, "aob run: ", 9), 0);
	}
}

static void run_waits_and_ends_as_the_run_does(void **state)
{
	static const struct {
		const char *info;
		int status;
	} cases[] = {
		{ "{\"state\":\"ok\",\"error\":null,\"steps\":[]}", EX_OK },
		{ "{\"state\":\"cancelled\",\"error\":null}", EX_TEMPFAIL },
		{ "{\"state\":\"deferred\",\"error\":null}", EX_TEMPFAIL },
		{ "{\"state\":\"failed\",\"error\":{\"code\":\"damaged\",\"message\":\"x\"}}", EX_DATAERR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reply[512];

		verb_lab_start(&lab, WORDS("run", "photos", "--now", "--wait"));
		verb_lab_answer(&lab, "{\"status\":\"ok\",\"result\":{\"run\":\"R1\",\"new\":true}}");
		assert_non_null(strstr(lab.asked, "\"trigger\":\"manual\""));
		verb_lab_answer(&lab, "{\"status\":\"ok\",\"result\":{\"state\":\"running\",\"running\":null}}");
		assert_non_null(strstr(lab.asked, "\"run\":\"R1\""));
		(void)snprintf(reply, sizeof(reply), "{\"status\":\"ok\",\"result\":%s}", cases[i].info);
		verb_lab_answer(&lab, reply);
		verb_lab_end(&lab);
		assert_int_equal(lab.status, cases[i].status);
	}
}

/* A question that nobody answers is asked again, and is no fault once the run has ended well. */
static void run_outlives_a_broker_that_is_away(void **state)
{
	zmsg_t *unanswered;

	(void)state;
	verb_lab_start(&lab, WORDS("run", "photos", "--wait"));
	verb_lab_answer(&lab, "{\"status\":\"ok\",\"result\":{\"run\":\"R1\",\"new\":true}}");
	unanswered = peer_receive(&lab.peer, PEER_WAIT_MS);
	assert_non_null(unanswered);
	zmsg_destroy(&unanswered);
	verb_lab_answer_within(&lab, 2 * PEER_WAIT_MS, "{\"status\":\"ok\",\"result\":{\"state\":\"ok\"}}");
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_OK);
	assert_string_equal(lab.err, "");
}

static void prune_tells_what_and_why(void **state)
{
	(void)state;
	verb_lab_start(&lab, WORDS("prune", "photos", "--dry-run"));
	verb_lab_answer(&lab, "{\"status\":\"ok\",\"result\":{\"run\":\"R2\"}}");
	assert_non_null(strstr(lab.asked, "\"dry_run\":true"));
	assert_non_null(strstr(lab.asked, "\"service\":\"prune\""));
	verb_lab_answer(&lab,
	                "{\"status\":\"ok\",\"result\":{\"state\":\"ok\",\"steps\":[{\"result\":{\"dry_run\":true,"
	                "\"generations\":[{\"generation\":\"G2\",\"action\":\"keep\",\"reason\":\"newest\"},"
	                "{\"generation\":\"G1\",\"action\":\"remove\",\"reason\":\"no rule keeps it\"}],"
	                "\"snapshots\":[{\"snapshot\":\"S1\",\"action\":\"keep\",\"reason\":\"anchor\"}]}}]}}");
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_OK);
	shows("keep     G2  newest");
	shows("remove   G1  no rule keeps it");
	shows("keep     S1  anchor");
	shows("dry run");
}

static void orders_are_given(void **state)
{
	static const char *const orders[] = { "pause", "resume", "cancel" };

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		char verb[32];

		one(WORDS(orders[i], "photos"), "{\"status\":\"ok\",\"result\":{}}");
		assert_int_equal(lab.status, EX_OK);
		(void)snprintf(verb, sizeof(verb), "\"verb\":\"%s\"", orders[i]);
		assert_non_null(strstr(lab.asked, verb));
		assert_non_null(strstr(lab.asked, "\"pipeline\":\"photos\""));
	}
}

static void a_seed_is_forgotten_and_goes_nowhere_that_is_no_disk(void **state)
{
	char folder[300];

	(void)state;
	one(WORDS("seed", "photos", "--forget"), "{\"status\":\"ok\",\"result\":{}}");
	assert_int_equal(lab.status, EX_OK);
	assert_non_null(strstr(lab.asked, "\"verb\":\"forget-seed\""));
	shows("wait for no seed");
	verb_lab_start(&lab, WORDS("seed", "photos", "--to", lab.peer.folder));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_CONFIG);
	assert_non_null(strstr(lab.err, "nothing is mounted at"));
	one(WORDS("seed", "photos", "--to", lab.peer.folder, "--force"),
	    "{\"status\":\"ok\",\"result\":{\"run\":\"R1\",\"new\":true}}");
	assert_int_equal(lab.status, EX_OK);
	assert_non_null(strstr(lab.asked, "/aob-seed\""));
	shows("run R1 has started");
	shows("aob-receiver adopt --root /mnt/usb --from /mnt photos");
	(void)snprintf(folder, sizeof(folder), "%s/aob-seed", lab.peer.folder);
	assert_int_equal(rmdir(folder), 0);
	verb_lab_start(&lab, WORDS("seed", "photos"));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_USAGE);
}

static void the_faults_of_a_reload_are_one_a_line(void **state)
{
	(void)state;
	one(WORDS("reload"), FAIL("config", "a.yaml:1:2: x\\na.yaml:3:4: y"));
	assert_int_equal(lab.status, EX_CONFIG);
	assert_int_equal(strncmp(lab.err, "a.yaml:1:2: x\na.yaml:3:4: y", 27), 0);
	assert_string_equal(lab.out, "");
}

static void check_reads_the_configuration_alone(void **state)
{
	FILE *file;

	(void)state;
	verb_lab_start(&lab, WORDS("check", lab.config));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_OK);
	shows("1 pipeline, 1 vault");
	file = fopen(lab.config, "a");
	assert_non_null(file);
	(void)fputs("bogus: 1\n", file);
	assert_int_equal(fclose(file), 0);
	verb_lab_start(&lab, WORDS("check", lab.config));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_CONFIG);
	assert_non_null(strstr(lab.err, "bogus"));
	verb_lab_start(&lab, WORDS("check", "/nonexistent/aob.yaml"));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_NOINPUT);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void keygen_makes_a_pair_once(void **state)
{
	char path[300];
	char secret[320];
	zcert_t *whole;
	zcert_t *public;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/nas2", lab.peer.folder);
	(void)snprintf(secret, sizeof(secret), "%s_secret", path);
	verb_lab_start(&lab, WORDS("keygen", path));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_OK);
	shows("secret; it stays here");
	assert_int_equal(mode_of(secret), 0600);
	assert_int_equal(mode_of(path), 0644);
	whole = zcert_load(path);
	assert_non_null(whole);
	/* Neither of them is written over. */
	verb_lab_start(&lab, WORDS("keygen", path));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_DATAERR);
	assert_non_null(strstr(lab.err, "is not overwritten"));
	assert_int_equal(unlink(secret), 0);
	verb_lab_start(&lab, WORDS("keygen", path));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_DATAERR);
	assert_int_equal(access(secret, F_OK), -1);
	/* What is left is the public one of the same pair. */
	public = zcert_load(path);
	assert_non_null(public);
	assert_memory_equal(zcert_public_key(public), zcert_public_key(whole), 32);
	assert_memory_equal(zcert_secret_key(public), (uint8_t[32]){ 0 }, 32);
	zcert_destroy(&whole);
	zcert_destroy(&public);
	assert_int_equal(unlink(path), 0);
	verb_lab_start(&lab, WORDS("keygen", "/nonexistent/nas2"));
	verb_lab_end(&lab);
	assert_int_not_equal(lab.status, EX_OK);
}

static void check_of_a_machine_that_works_elsewhere(void **state)
{
	FILE *file = fopen(lab.config, "w");

	(void)state;
	assert_non_null(file);
	(void)fputs("host: nas2\nbroker: { endpoint: 'tcp://10.0.0.1:5555', events: 'tcp://10.0.0.1:5556',\n"
	            "  curve: { server_certificate: /c/broker, own_certificate: /c/nas2 } }\n",
	            file);
	assert_int_equal(fclose(file), 0);
	verb_lab_start(&lab, WORDS("check", lab.config));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_OK);
	shows("this machine, nas2, works for the broker at tcp://10.0.0.1:5555");
}

static void wrong_arguments_are_refused_without_a_question(void **state)
{
	static const char *const cases[][4] = {
		{ "status", "photos" },
		{ "status", "--jsno" },
		{ "run" },
		{ "run", "a", "b" },
		{ "run", "a", "--soon" },
		{ "list", "a", "b" },
		{ "list", "--wait" },
		{ "prune" },
		{ "prune", "a", "b" },
		{ "check", "a", "b" },
		{ "keygen" },
		{ "keygen", "a", "b" },
		{ "events", "a", "b" },
		{ "events", "--json=x" },
		{ "pause" },
		{ "cancel", "a", "b" },
		{ "release" },
		{ "reload", "a" },
		{ "seed" },
		{ "seed", "a", "--to" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		verb_lab_start(&lab, cases[i]);
		verb_lab_end(&lab);
		assert_int_equal(lab.status, EX_USAGE);
		assert_non_null(strstr(lab.err, "usage: aob "));
		assert_string_equal(lab.out, "");
		assert_null(peer_receive(&lab.peer, 0));
	}
}

static void help_is_no_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_VERBS; i++) {
		char want[64];

		verb_lab_start(&lab, WORDS(verbs[i].name, "--help"));
		verb_lab_end(&lab);
		assert_int_equal(lab.status, EX_OK);
		(void)snprintf(want, sizeof(want), "usage: aob %s", verbs[i].name);
		shows(want);
	}
}

static void asks_of_a_death(const char *const *words, const char *what, const char *reason)
{
	char want[256];

	one(words, "{\"status\":\"ok\",\"result\":{}}");
	assert_int_equal(lab.status, EX_OK);
	(void)snprintf(want, sizeof(want), "\"process\":\"aob-x\",\"what\":\"%s\",\"reason\":\"%s\"", what, reason);
	if (strstr(lab.asked, want) == NULL)
		fail_msg("no %s in %s", want, lab.asked);
}

static void died_tells_what_the_manager_knows(void **state)
{
	static const char *const rows[][4] = { { "signal", "killed", "KILL", "killed by signal KILL" },
		                               { "exit-code", "exited", "70", "exit status 70" },
		                               { "watchdog", "killed", "ABRT",
		                                 "killed by signal ABRT, as it did not say that it is alive" } };

	(void)state;
	asks_of_a_death(WORDS("died", "aob-x"), "died", "");
	asks_of_a_death(WORDS("died", "aob-x", "--down", "--reason", "why"), "down", "why");
	asks_of_a_death(WORDS("died", "aob-x", "--up"), "up", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)setenv("SERVICE_RESULT", rows[i][0], 1);
		(void)setenv("EXIT_CODE", rows[i][1], 1);
		(void)setenv("EXIT_STATUS", rows[i][2], 1);
		asks_of_a_death(WORDS("died", "aob-x"), "died", rows[i][3]);
	}
	(void)setenv("SERVICE_RESULT", "success", 1); /* it was stopped: nothing is asked */
	verb_lab_start(&lab, WORDS("died", "aob-x"));
	verb_lab_end(&lab);
	(void)unsetenv("SERVICE_RESULT");
	(void)unsetenv("EXIT_CODE");
	(void)unsetenv("EXIT_STATUS");
	assert_int_equal(lab.status, EX_OK);
	verb_lab_start(&lab, WORDS("died", "aob-x", "--up", "--down"));
	verb_lab_end(&lab);
	assert_int_equal(lab.status, EX_USAGE);
}

#define VERB_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		VERB_TEST(status_says_what_is_safe),
		VERB_TEST(status_says_that_nothing_is_safe_and_why),
		VERB_TEST(status_shows_progress),
		VERB_TEST(status_tells_a_retry_and_its_cause),
		VERB_TEST(status_names_the_service_without_a_worker),
		VERB_TEST(status_prints_no_control_characters),
		VERB_TEST(status_bears_members_of_any_type),
		VERB_TEST(json_is_the_result_as_it_is),
		VERB_TEST(list_shows_a_generation),
		VERB_TEST(list_marks_what_the_brake_holds),
		VERB_TEST(list_leaves_out_what_was_pruned),
		VERB_TEST(list_tells_how_many_it_leaves_out),
		VERB_TEST(a_fault_becomes_its_exit_status),
		VERB_TEST(run_waits_and_ends_as_the_run_does),
		VERB_TEST(run_outlives_a_broker_that_is_away),
		VERB_TEST(prune_tells_what_and_why),
		VERB_TEST(orders_are_given),
		VERB_TEST(a_seed_is_forgotten_and_goes_nowhere_that_is_no_disk),
		VERB_TEST(died_tells_what_the_manager_knows),
		VERB_TEST(the_faults_of_a_reload_are_one_a_line),
		VERB_TEST(check_reads_the_configuration_alone),
		VERB_TEST(check_of_a_machine_that_works_elsewhere),
		VERB_TEST(keygen_makes_a_pair_once),
		VERB_TEST(wrong_arguments_are_refused_without_a_question),
		VERB_TEST(help_is_no_fault),
	};

	verb_lab_self(argc, argv, verbs, N_VERBS);
	return cmocka_run_group_tests_name("verbs", tests, NULL, NULL);
}
