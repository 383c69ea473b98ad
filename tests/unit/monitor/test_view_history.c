/* A pipeline's generations and its vault's disk are counted by days; gaps are filled, what is nonsense is left out. */
#include "monitor/view_history.h"
#include "tests/unit/monitor/monitor_lab.h"

static void a_history_is_counted_by_days(void **state)
{
	static const char text[] = "{\"status\":\"ok\",\"result\":{\"generations\":[" LAB_GENERATION(
	        "2026-11-24T10-00-00Z", "1795514400",
	        ",\"pruned\":true") "," LAB_GOOD "," LAB_GENERATION("2026-11-25T10-00-00Z", "1795600800",
	                                                            "") "," LAB_GENERATION("2020-01-01T00-00-00Z",
	                                                                                   "1577836800", "") "]}}";
	struct error err = { .class = ERR_NONE };
	struct view_history *history = NULL;

	(void)state;
	assert_int_equal(view_history_parse(text, strlen(text), LAB_NOW, &history, &err), 0);
	assert_int_equal(history->n_held, 3);
	assert_int_equal(history->n_generations, 4);
	assert_string_equal(history->generations[0].name, "2026-11-25T18-09-26Z");
	assert_string_equal(history->generations[3].name, "2020-01-01T00-00-00Z");
	assert_int_equal(history->first_day + VIEW_DAYS - 1, LAB_NOW / 86400);
	assert_int_equal(history->days[VIEW_DAYS - 1].generations, 2);
	assert_int_equal(history->days[VIEW_DAYS - 1].carried_bytes, 2000000);
	assert_int_equal(history->days[VIEW_DAYS - 2].generations, 1);
	assert_int_equal(history->days[VIEW_DAYS - 3].generations, 0);
	assert_int_equal(history->days[0].size_bytes, 2000000); /* it was there before the year began */
	assert_true(view_history_find(history, "2026-11-24T10-00-00Z")->pruned);
	assert_null(view_history_find(history, "2026"));
	view_history_destroy(&history);
}

/* The list is cut, the broker's days are not. */
static void days_of_the_broker_count_more(void **state)
{
	static const char text[] = "{\"status\":\"ok\",\"result\":{\"generations\":[" LAB_GOOD "],\"days\":["
	                           "{\"day\":20782,\"generations\":24,\"literal_bytes\":700,\"bytes\":900},"
	                           "{\"day\":20781,\"generations\":3,\"literal_bytes\":5,\"bytes\":800},"
	                           "{\"day\":4,\"generations\":1,\"literal_bytes\":1,\"bytes\":600},{}]}}";
	struct error err = { .class = ERR_NONE };
	struct view_history *history = NULL;

	(void)state;
	assert_int_equal(LAB_NOW / 86400, 20782);
	assert_int_equal(view_history_parse(text, strlen(text), LAB_NOW, &history, &err), 0);
	assert_int_equal(history->n_held, 1);
	assert_int_equal(history->days[VIEW_DAYS - 1].generations, 24);
	assert_int_equal(history->days[VIEW_DAYS - 1].carried_bytes, 700);
	assert_int_equal(history->days[VIEW_DAYS - 1].size_bytes, 900);
	assert_int_equal(history->days[VIEW_DAYS - 2].generations, 3);
	assert_int_equal(history->days[VIEW_DAYS - 3].size_bytes, 600);
	view_history_destroy(&history);
}

/* A measurement: day: before today; of 1000 bytes. */
#define MEASURED(at, free) "{\"measured_at\":" at ",\"free_bytes\":" free ",\"total_bytes\":1000}"

static void the_vaults_disk_by_days(void **state)
{
	static const char text[] = "{\"status\":\"ok\",\"result\":{\"generations\":[],\"vault_space\":[" MEASURED(
	        "1577836800",
	        "900") "," MEASURED("1795374566",
	                            "700") "," MEASURED("1795460966",
	                                                "2000") "," MEASURED("1795633000",
	                                                                     "400") ",{\"measured_at\":1795633001}"
	                                                                            "," MEASURED("4102444800",
	                                                                                         "1") "]}}";
	struct error err = { .class = ERR_NONE };
	struct view_history *history = NULL;

	(void)state;
	assert_int_equal(view_history_parse(text, strlen(text), LAB_NOW, &history, &err), 0);
	assert_int_equal(history->vault_bytes, 1000);
	assert_int_equal(history->days[0].used_bytes, 100); /* as the year began */
	assert_int_equal(history->days[VIEW_DAYS - 5].used_bytes, 100);
	assert_int_equal(history->days[VIEW_DAYS - 4].used_bytes, 300);
	assert_int_equal(history->days[VIEW_DAYS - 2].used_bytes, 300); /* more free than there is: no measurement */
	assert_int_equal(history->days[VIEW_DAYS - 1].used_bytes, 600);
	view_history_destroy(&history);
	assert_null(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_history_is_counted_by_days),
		cmocka_unit_test(days_of_the_broker_count_more),
		cmocka_unit_test(the_vaults_disk_by_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
