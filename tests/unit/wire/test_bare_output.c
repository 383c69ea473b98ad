/* What rsync says is understood in whatever pieces it comes; what is none of its lines does no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/bare_output.h"

static const char said[] = "aob:.d..t......:0:./\n"
                           "aob:<f+++++++++:2:d/x\n"
                           "\r              2  28%    0.00kB/s    0:00:00  \r          12345  57%    1.95MB/s    "
                           "0:00:00 (xfr#2, to-chk=0/8)\n"
                           "aob:cd+++++++++:4096:e/\n"
                           "aob:hf+++++++++:2:d/y\n"
                           "aob:*deleting  :0:gone\n"
                           "aob:cf...p.....:2:d/a:b\n"
                           "\n"
                           "Number of files: 8 (reg: 3, dir: 3, link: 1, special: 1)\n"
                           "Number of created files: 7 (reg: 3)\n"
                           "Literal data: 40000000000 bytes\n"
                           "Matched data: 17 bytes\n"
                           "Total bytes sent: 345\n"
                           "Total bytes received: 86\n";

static void check(const struct bare_output *o)
{
	assert_int_equal(o->done_bytes, 12345);
	assert_int_equal(o->percent, 57);
	assert_int_equal(o->files, 2);
	assert_int_equal(o->items, 4);
	assert_int_equal(o->item_files, 3);
	assert_true(o->has_totals);
	assert_int_equal(o->entries, 8);
	assert_int_equal(o->regular_files, 3);
	assert_true(o->literal_bytes == UINT64_C(40000000000));
	assert_int_equal(o->matched_bytes, 17);
	assert_int_equal(o->sent_bytes, 345);
	assert_int_equal(o->received_bytes, 86);
}

static void test_said(void **state)
{
	struct bare_output whole = { .line_bytes = 0 };
	struct bare_output pieces = { .line_bytes = 0 };

	(void)state;
	bare_output_hear(&whole, said, sizeof(said) - 1);
	check(&whole);
	for (size_t i = 0; i < sizeof(said) - 1; i++)
		bare_output_hear(&pieces, said + i, 1);
	check(&pieces);
}

static void test_restarted(void **state)
{
	static const char ended[] = "aob:<f+++++++++:2:d/x\naob:cd+++++++++:4096:e/\n";
	static const char last[] = "Number of files: 3 (reg: 1, dir: 2)\nLiteral data: 5 bytes\n";
	struct bare_output before = { .literal_bytes = 7 };
	struct bare_output o = { .line_bytes = 0 };

	(void)state;
	bare_output_hear(&before, ended, sizeof(ended) - 1);
	bare_output_hear(&o, last, sizeof(last) - 1);
	assert_false(o.restarted);
	bare_output_add(&o, &before);
	assert_true(o.restarted);
	assert_int_equal(o.items, 2);
	assert_int_equal(o.item_files, 1);
	assert_int_equal(o.literal_bytes, 12);
	assert_int_equal(o.entries, 3);
	assert_int_equal(o.regular_files, 1);
}

static void test_odd(void **state)
{
	struct bare_output o = { .line_bytes = 0 };
	static const char odd[] = "aob:\naob:<f\naob:<f+++++++++\n  12 \n  x%\n 7 300%\n";
	char long_line[2 * BARE_OUTPUT_LINE];

	(void)state;
	memset(long_line, 'x', sizeof(long_line));
	long_line[sizeof(long_line) - 1] = '\n';
	bare_output_hear(&o, long_line, sizeof(long_line));
	bare_output_hear(&o, odd, sizeof(odd) - 1);
	assert_int_equal(o.items, 0);
	assert_int_equal(o.percent, 100);
	assert_false(o.has_totals);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_said), cmocka_unit_test(test_restarted),
		                            cmocka_unit_test(test_odd) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
