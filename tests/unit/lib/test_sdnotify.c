/* The service manager hears of it: on a real datagram socket, by path and abstract; WATCHDOG=1 more than twice as often as asked, only if it is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/sdnotify.h"

static int socket_fd = -1;

/* Bound by the kernel to an abstract name of its own choice. */
static int set_up(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(address);
	char name[sizeof(address.sun_path) + 2] = "@";

	(void)state;
	socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(socket_fd, (const struct sockaddr *)&address, sizeof(sa_family_t)) != 0 ||
	    getsockname(socket_fd, (struct sockaddr *)&address, &len) != 0)
		return -1;
	memcpy(name + 1, address.sun_path + 1, len - offsetof(struct sockaddr_un, sun_path) - 1);
	(void)unsetenv("WATCHDOG_USEC");         /* NOLINT(concurrency-mt-unsafe): no threads */
	(void)unsetenv("WATCHDOG_PID");          /* NOLINT(concurrency-mt-unsafe): no threads */
	return setenv("NOTIFY_SOCKET", name, 1); /* NOLINT(concurrency-mt-unsafe): no threads */
}

static int tear_down(void **state)
{
	(void)state;
	return close(socket_fd);
}

/* "" if nothing came. */
static const char *received(void)
{
	static char text[512];
	ssize_t n = recv(socket_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void set(const char *name, long long value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", value);
	assert_int_equal(setenv(name, text, 1), 0); /* NOLINT(concurrency-mt-unsafe): no threads */
}

static void a_status_is_sent_when_it_differs(void **state)
{
	(void)state;
	sdnotify_status("%d pipelines", 3);
	assert_string_equal(received(), "STATUS=3 pipelines");
	sdnotify_status("%d pipelines", 3);
	assert_string_equal(received(), "");
	sdnotify_status("a\nREADY=1");
	assert_string_equal(received(), "STATUS=a READY=1"); /* no other variable by a name */
}

static void reloading_has_its_time(void **state)
{
	const char *text;

	(void)state;
	sdnotify_reloading();
	text = received();
	assert_int_equal(strncmp(text, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	assert_true(strtoll(text + 27, NULL, 10) > 0);
}

static void alive_more_than_twice_as_often_as_asked(void **state)
{
	(void)state;
	set("WATCHDOG_USEC", 300000);
	assert_int_equal(sdnotify_alive(1000), 100);
	assert_string_equal(received(), "WATCHDOG=1");
	assert_in_range(sdnotify_alive(1000), 1, 100);
	assert_int_equal(sdnotify_alive(0), 0);
	assert_string_equal(received(), "");
	(void)nanosleep(&(struct timespec){ .tv_nsec = 110 * 1000000L }, NULL);
	assert_int_equal(sdnotify_alive(20), 20);
	assert_string_equal(received(), "WATCHDOG=1");
}

static void alive_only_if_asked_for(void **state)
{
	(void)state;
	assert_int_equal(sdnotify_alive(1000), 1000);
	set("WATCHDOG_USEC", 300000);
	set("WATCHDOG_PID", getpid() + 1); /* of another process */
	assert_int_equal(sdnotify_alive(1000), 1000);
	assert_string_equal(received(), "");
	set("WATCHDOG_PID", getpid());
	assert_in_range(sdnotify_alive(1000), 1, 100);
}

/* As while a machine boots: its manager has more to do than to read. */
static void what_found_no_room_is_said_again(void **state)
{
	const char *text;
	int n = 0;

	(void)state;
	set("WATCHDOG_USEC", 60000000);
	(void)nanosleep(&(struct timespec){ .tv_nsec = 110 * 1000000L }, NULL); /* what another test made due */
	(void)sdnotify_alive(0);
	while (n < 5000 && sdnotify_alive(1000) > 100) {
		sdnotify_send("FULL=1");
		n++;
	}
	assert_in_range(n, 2, 4999);
	sdnotify_status("late");
	sdnotify_send("READY=1");
	assert_in_range(sdnotify_alive(1000), 0, 100);
	do
		text = received();
	while (strcmp(text, "WATCHDOG=1") == 0 || strcmp(text, "FULL=1") == 0);
	assert_string_equal(text, "");
	assert_in_range(sdnotify_alive(1000), 101, 1000);
	assert_string_equal(received(), "READY=1");
	assert_string_equal(received(), "STATUS=late");
	(void)sdnotify_alive(1000);
	assert_string_equal(received(), "");
}

static void nobody_there_is_no_matter(void **state)
{
	(void)state;
	assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1),
	                 0); /* NOLINT(concurrency-mt-unsafe): no threads */
	sdnotify_send("READY=1");
	assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0); /* NOLINT(concurrency-mt-unsafe): no threads */
	sdnotify_send("READY=1");
	(void)unsetenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): no threads */
	sdnotify_send("READY=1");
	assert_string_equal(received(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_status_is_sent_when_it_differs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reloading_has_its_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(alive_more_than_twice_as_often_as_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(alive_only_if_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_found_no_room_is_said_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_there_is_no_matter, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
