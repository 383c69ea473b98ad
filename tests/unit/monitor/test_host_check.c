/* Only names that nobody else can hold are answered. */
#include "monitor/host_check.h"
#include "tests/unit/monitor/monitor_lab.h"

static void names(void **state)
{
	static const char *const allowed[] = { "backup.example.net", NULL };
	static const struct {
		const char *host;
		bool good;
	} rows[] = {
		{ NULL, true },
		{ "127.0.0.1:9877", true },
		{ "192.168.1.5", true },
		{ "[::1]:9877", true },
		{ "[fe80::1]", true },
		{ "localhost", true },
		{ "LocalHost:9877", true },
		{ "localhost.", true },
		{ "nas", true },
		{ "NAS:9877", true },
		{ "nas.local", true },
		{ "nas.lan:80", true },
		{ "nas.home.arpa", true },
		{ "backup.example.net", true },
		{ "Backup.Example.NET:443", true },
		{ "evil.example", false },
		{ "nas.evil.example", false },
		{ "nasty", false },
		{ "localhost.evil.example", false },
		{ "127.0.0.1.evil.example", false },
		{ "a.backup.example.net", false },
		{ "[evil]", false },
		{ "", false },
		{ ":9877", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (host_check(rows[i].host, "nas", allowed) != rows[i].good)
			fail_msg("%s", rows[i].host != NULL ? rows[i].host : "none");
	assert_false(host_check("", "", allowed));
	assert_false(host_check("evil.example", "", allowed)); /* a machine without a name */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
