/* What of a machine's facts wants somebody's hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/doctor_judge.h"
#include "cli/doctor_metrics.h"

#define NOW 1795716000 /* 2026-11-26 */

static void each_fact_is_judged(void **state)
{
	static const struct {
		const char *name, *value;
		enum health health;
		const char *text; /* NULL: it is no finding */
	} cases[] = {
		{ "updates.security", "0", HEALTH_OK, NULL },
		{ "updates.security", "1", HEALTH_WARNING, "1 security update is pending" },
		{ "updates.security", "12", HEALTH_WARNING, "12 security updates are pending" },
		{ "updates.lists_at", "1795700000", HEALTH_OK, NULL },
		{ "updates.lists_at", "1795000000", HEALTH_WARNING, "apt's lists are 8 d 6 h old" },
		{ "updates.unknown", "this system has no apt", HEALTH_OK, "not known: this system has no apt" },
		{ "reboot", "no", HEALTH_OK, NULL },
		{ "reboot", "yes", HEALTH_WARNING, "restart" },
		{ "os.support_end", "2030-06-30", HEALTH_OK, NULL },
		{ "os.support_end", "2027-01-31", HEALTH_WARNING, "until 2027-01-31" },
		{ "os.support_end", "2026-11-26", HEALTH_WARNING, "until 2026-11-26" },
		{ "os.support_end", "2026-11-25", HEALTH_CRITICAL, "no security updates since 2026-11-25" },
		{ "clock.off_ms", "119999", HEALTH_OK, NULL },
		{ "clock.off_ms", "-120000", HEALTH_WARNING, "2 min behind this machine's" },
		{ "clock.off_ms", "3600000", HEALTH_CRITICAL, "1 h ahead of this machine's" },
		{ "clock.off_ms", "-9223372036854775808", HEALTH_CRITICAL, "behind this machine's" },
		{ "updates.lists_at", "9223372036854775807", HEALTH_OK, NULL },
		{ "clock.synchronized", "no", HEALTH_WARNING, "nothing keeps its clock right" },
		{ "clock.synchronized", "yes", HEALTH_OK, NULL },
		{ "disk.health.sda", "ok", HEALTH_OK, NULL },
		{ "disk.health.sda", "failing", HEALTH_CRITICAL, "disk sda says that it is failing" },
		{ "disk.health.sda", "unknown: smartctl wants root", HEALTH_OK, "not known: smartctl wants root" },
		{ "disk.raid.md0", "degraded", HEALTH_CRITICAL, "array md0 is degraded" },
		{ "disk.raid.md0", "ok", HEALTH_OK, NULL },
		{ "key.ssh key for dad", "256 ED25519", HEALTH_OK, NULL },
		{ "key.ssh key for dad", "2048 RSA", HEALTH_WARNING, "the ssh key for dad is weak: 2048 RSA" },
		{ "key.ssh key for dad", "4096 RSA", HEALTH_OK, NULL },
		{ "key.host key of dad", "1024 DSA", HEALTH_WARNING, "the host key of dad is weak" },
		{ "sandbox.landlock", "7", HEALTH_OK, NULL },
		{ "confined.landlock", "0", HEALTH_OK, "no Landlock" },
		{ "confined.seccomp", "no", HEALTH_OK, NULL }, /* without confined.landlock it is no receiver's */
		{ "sandbox.seccomp", "no", HEALTH_OK, "no filter of system calls" },
		{ "sandbox.openat2", "no", HEALTH_OK, "no openat2" },
		{ "something.new", "yes", HEALTH_OK, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct host_facts facts = { 0 };
		struct doctor_findings findings;

		host_facts_put(&facts, cases[i].name, "%s", cases[i].value);
		doctor_judge(&facts, NOW, &findings);
		if (findings.worst != cases[i].health || findings.n != (cases[i].text != NULL))
			fail_msg("%s %s: %u, %zu findings", cases[i].name, cases[i].value, findings.worst, findings.n);
		if (cases[i].text != NULL && strstr(findings.list[0].text, cases[i].text) == NULL)
			fail_msg("%s %s: %s", cases[i].name, cases[i].value, findings.list[0].text);
	}
}

static void room_is_judged_by_its_share(void **state)
{
	static const struct {
		uint64_t room;
		enum health health;
	} cases[] = { { 60, HEALTH_OK }, { 50, HEALTH_OK }, { 49, HEALTH_WARNING }, { 9, HEALTH_CRITICAL } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct host_facts facts = { 0 };
		struct doctor_findings findings;

		host_facts_put(&facts, "disk.free", "%llu000000000", (unsigned long long)cases[i].room);
		host_facts_put(&facts, "disk.total", "1000000000000");
		doctor_judge(&facts, NOW, &findings);
		assert_int_equal(findings.worst, cases[i].health);
	}
}

static void the_gravest_comes_first_and_too_many_are_dropped(void **state)
{
	struct doctor_findings findings = { 0 };

	(void)state;
	doctor_judge_add(&findings, HEALTH_OK, "a", "", "a");
	doctor_judge_add(&findings, HEALTH_CRITICAL, "b", "", "b");
	doctor_judge_add(&findings, HEALTH_WARNING, "c", "", "c");
	doctor_judge_add(&findings, HEALTH_CRITICAL, "d", "", "d");
	assert_string_equal(findings.list[0].what, "b");
	assert_string_equal(findings.list[1].what, "d");
	assert_string_equal(findings.list[2].what, "c");
	assert_string_equal(findings.list[3].what, "a");
	for (unsigned i = 0; i < 2 * DOCTOR_JUDGE_MAX; i++)
		doctor_judge_add(&findings, HEALTH_WARNING, "e", "", "%u", i);
	assert_int_equal(findings.n, DOCTOR_JUDGE_MAX);
	assert_int_equal(findings.worst, HEALTH_CRITICAL);
}

static void what_is_known_becomes_metrics(void **state)
{
	struct doctor_host hosts[2] = { { .name = "this machine" }, { .name = "dad", .vault = true } };
	char *text;

	(void)state;
	host_facts_put(&hosts[0].facts, "updates.security", "3");
	host_facts_put(&hosts[1].facts, "updates.unknown", "this system has no apt");
	host_facts_put(&hosts[1].facts, "os.support_end", "2028-06-30");
	host_facts_put(&hosts[1].facts, "clock.off_ms", "-1500");
	host_facts_put(&hosts[1].facts, "reboot", "yes");
	host_facts_put(&hosts[1].facts, "disk.health.sda", "failing");
	doctor_judge(&hosts[0].facts, NOW, &hosts[0].findings);
	doctor_judge(&hosts[1].facts, NOW, &hosts[1].findings);
	text = doctor_metrics_text(hosts, 2, NOW);
	assert_non_null(text);
	assert_non_null(strstr(text, "\naob_host_security_updates_pending{host=\"nas\",role=\"nas\"} 3\n"));
	assert_null(strstr(text, "aob_host_security_updates_pending{host=\"dad\""));
	assert_non_null(
	        strstr(text, "\naob_host_support_ends_timestamp_seconds{host=\"dad\",role=\"vault\"} 1845936000\n"));
	assert_non_null(strstr(text, "\naob_host_clock_offset_seconds{host=\"dad\",role=\"vault\"} -1.5\n"));
	assert_non_null(strstr(text, "\naob_host_reboot_required{host=\"dad\",role=\"vault\"} 1\n"));
	assert_non_null(strstr(text, "\naob_host_disks_failing{host=\"dad\",role=\"vault\"} 1\n"));
	assert_non_null(strstr(text, "\naob_host_health{host=\"dad\",role=\"vault\"} 2\n"));
	assert_non_null(strstr(text, "\naob_host_looked_timestamp_seconds 1795716000\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fact_is_judged),
		cmocka_unit_test(room_is_judged_by_its_share),
		cmocka_unit_test(the_gravest_comes_first_and_too_many_are_dropped),
		cmocka_unit_test(what_is_known_becomes_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
