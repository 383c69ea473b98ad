/* What is drawn is what there was, and is told in words as well. */
#include "monitor/plot.h"
#include "tests/unit/monitor/monitor_lab.h"

static size_t count(const struct text *text, const char *words)
{
	size_t n = 0;

	for (const char *at = text->data; at != NULL && (at = strstr(at, words)) != NULL; at += strlen(words))
		n++;
	return n;
}

static struct view_history year(void)
{
	struct view_history history = { .first_day = LAB_NOW / 86400 - VIEW_DAYS + 1 };

	history.days[VIEW_DAYS - 1] = (struct view_day){ 1, 1000000, 5000000, 0 };
	history.days[VIEW_DAYS - 2] = (struct view_day){ 2, 4000000, 4000000, 0 };
	history.days[VIEW_DAYS - 10] = (struct view_day){ 7, 0, 3000000, 0 };
	return history;
}

static void a_calendar(void **state)
{
	struct view_history history = year();
	struct text text;

	(void)state;
	text_init(&text);
	plot_calendar(&text, &history, LAB_NOW);
	/* 52 whole weeks, and this one as far as it is: until Wednesday. */
	assert_int_equal(count(&text, "<rect "), 52 * 7 + 3);
	assert_int_equal(count(&text, "class=\"c1\""), 1);
	assert_int_equal(count(&text, "class=\"c2\""), 1);
	assert_int_equal(count(&text, "class=\"c3\""), 1);
	assert_holds(&text, "10 generations on 3 of the last 365 days. The longest gap was 7 days, until 23 Nov 2026.");
	assert_holds(&text, "<title>25 Nov 2026: 1</title>");
	assert_holds(&text, ">Nov</text>");
	text_done(&text);
}

static void bars_and_a_line(void **state)
{
	struct view_history history = year();
	struct text text;

	(void)state;
	text_init(&text);
	plot_carried(&text, &history, LAB_NOW);
	assert_int_equal(count(&text, "<rect "), 2);
	assert_holds(&text, "5.00 MB");
	assert_holds(&text, "at most 4.00 MB");
	assert_holds(&text, "height=\"120.0\"><title>24 Nov 2026: 4.00 MB");
	text_done(&text);
	text_init(&text);
	plot_size(&text, &history, LAB_NOW);
	assert_holds(&text, "<b>5.00 MB</b> now");
	assert_int_equal(count(&text, "d=\"M"), 1);
	text_done(&text);
}

static void the_vaults_disk(void **state)
{
	struct view_history history = year();
	struct text text;

	(void)state;
	text_init(&text);
	plot_vault(&text, &history, LAB_NOW);
	assert_int_equal(text.len_bytes, 0); /* nobody measured */
	history.vault_bytes = 8000000;
	history.days[VIEW_DAYS - 2].used_bytes = 2000000;
	history.days[VIEW_DAYS - 1].used_bytes = 4000000;
	plot_vault(&text, &history, LAB_NOW);
	assert_holds(&text, "<b>4.00 MB</b> of 8.00 MB now");
	assert_holds(&text, "aria-label=\"Line: 4.00 MB of 8.00 MB of the vault's disk are used now\"");
	assert_holds(&text, "L720.0 60.0h1\"/>"); /* half of the disk: half of the height */
	text_done(&text);
}

static void nothing_yet(void **state)
{
	struct view_history history = { .first_day = LAB_NOW / 86400 - VIEW_DAYS + 1 };
	struct text text;

	(void)state;
	text_init(&text);
	plot_calendar(&text, &history, LAB_NOW);
	plot_carried(&text, &history, LAB_NOW);
	plot_size(&text, &history, LAB_NOW);
	assert_holds(&text, "0 generations on 0 of the last 365 days.");
	assert_lacks(&text, "gap");
	assert_lacks(&text, "nan");
	assert_holds(&text, "d=\"\"");
	text_done(&text);
	/* A history that was asked for yesterday is drawn today. */
	text_init(&text);
	plot_calendar(&text, &history, LAB_NOW + 86400);
	assert_false(text_failed(&text));
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_calendar),
		cmocka_unit_test(bars_and_a_line),
		cmocka_unit_test(the_vaults_disk),
		cmocka_unit_test(nothing_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
