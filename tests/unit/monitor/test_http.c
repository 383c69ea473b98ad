/* The server as a client sees it: what it answers, what it refuses, the stream of events; and that it ends while streams are open. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "monitor/http.h"
#include "tests/unit/monitor/monitor_lab.h"

static const char *const no_names[] = { NULL };
static struct config config = { .state = "/nowhere/state.db",
	                        .monitor = { .address = "127.0.0.1", .host_names = no_names } };
static struct state *state;
static struct http *http;

static struct sockaddr_in place(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		                     .sin_port = htons(port),
		                     .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
}

/* One that was free a moment ago. */
static uint16_t free_port(void)
{
	struct sockaddr_in address = place(0);
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	(void)close(fd);
	return ntohs(address.sin_port);
}

static int open_server(void **unused)
{
	const char *text = lab_status(",\"last_good\":" LAB_GOOD);
	struct error err = { .class = ERR_NONE };

	(void)unused;
	config.monitor.port = free_port();
	state = state_new(LAB_NOW, 1000);
	assert_int_equal(state_answer(state, text, strlen(text), LAB_NOW, clock_now_ms(), &err), 0);
	state_turned(state, clock_now_ms());
	if (http_open(&config, state, &http, &err) != 0)
		fail_msg("%s", err.text);
	return 0;
}

static int close_server(void **unused)
{
	(void)unused;
	http_close(&http);
	state_destroy(&state);
	return 0;
}

static int dial(void)
{
	struct sockaddr_in address = place(config.monitor.port);
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The whole answer; the connection is closed behind it. */
static const char *request(const char *method, const char *path, const char *headers)
{
	static char answer[400000];
	size_t used = 0;
	ssize_t n;
	char text[1024];
	int fd = dial();
	int len = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\n%sConnection: close\r\n\r\n", method, path, headers);

	assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
	while ((n = recv(fd, answer + used, sizeof(answer) - 1 - used, 0)) > 0)
		used += (size_t)n;
	answer[used] = '\0';
	(void)close(fd);
	return answer;
}

static void what_it_answers(void **unused)
{
	static const struct {
		const char *method, *path, *headers, *words[3];
	} rows[] = {
		{ "GET", "/", "Host: localhost\r\n", { "HTTP/1.1 200", "id=\"verdict\"", "default-src 'none'" } },
		{ "GET", "/", "Host: evil.example\r\n", { "HTTP/1.1 421", "host_names", "nosniff" } },
		{ "GET", "/pipelines/photos", "Host: localhost\r\n", { "HTTP/1.1 200", "photos", "no-store" } },
		{ "GET", "/pipelines/videos", "Host: localhost\r\n", { "HTTP/1.1 404", "Nothing here", "" } },
		{ "GET", "/pipelines/photos/2020", "Host: localhost\r\n", { "HTTP/1.1 404", "", "" } },
		{ "GET", "/pipelines/", "Host: localhost\r\n", { "HTTP/1.1 404", "", "" } },
		{ "GET", "/../../etc/passwd", "Host: localhost\r\n", { "HTTP/1.1 404", "", "" } },
		{ "GET", "/healthz", "Host: 127.0.0.1\r\n", { "HTTP/1.1 200", "ok", "" } },
		{ "GET", "/readyz", "Host: 127.0.0.1\r\n", { "HTTP/1.1 200", "ready", "" } },
		{ "GET", "/metrics", "Host: localhost\r\n", { "HTTP/1.1 200", "version=0.0.4", "aob_generations{" } },
		{ "GET",
		  "/metrics",
		  "Host: localhost\r\nAccept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n",
		  { "HTTP/1.1 200", "application/openmetrics-text", "# EOF" } },
		{ "GET",
		  "/api/v1/status",
		  "Host: localhost\r\n",
		  { "application/json", "\"answer\":{\"status\":\"ok\"", "\"broker_lost_s\":0" } },
		{ "GET", "/style.css", "Host: localhost\r\n", { "text/css", "--page", "" } },
		{ "GET", "/page.js", "Host: localhost\r\n", { "text/javascript", "EventSource", "" } },
		{ "GET", "/icon.svg", "Host: localhost\r\n", { "image/svg+xml", "<svg", "" } },
		{ "POST", "/", "Host: localhost\r\nContent-Length: 0\r\n", { "HTTP/1.1 405", "Allow: GET, HEAD", "" } },
		{ "DELETE", "/metrics", "Host: localhost\r\n", { "HTTP/1.1 405", "", "" } },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *answer = request(rows[i].method, rows[i].path, rows[i].headers);

		for (size_t k = 0; k < 3; k++)
			if (strstr(answer, rows[i].words[k]) == NULL)
				fail_msg("%s %s: no '%s' in %.2000s", rows[i].method, rows[i].path, rows[i].words[k],
				         answer);
	}
}

static void a_head_has_no_body(void **unused)
{
	const char *answer = request("HEAD", "/", "Host: localhost\r\n");

	(void)unused;
	assert_non_null(strstr(answer, "HTTP/1.1 200"));
	assert_null(strstr(answer, "<html"));
	answer = request("HEAD", "/api/v1/events", "Host: localhost\r\n"); /* and ends, as no stream is opened */
	assert_non_null(strstr(answer, "HTTP/1.1 200"));
	assert_non_null(strstr(answer, "Content-Type: text/event-stream"));
}

static void the_unready_says_why(void **unused)
{
	const struct error lost = { .class = ERR_LINK, .text = "start aob-broker" };
	const char *answer = NULL;

	(void)unused;
	state_no_answer(state, &lost);
	answer = request("GET", "/readyz", "Host: localhost\r\n");
	assert_non_null(strstr(answer, "HTTP/1.1 503"));
	assert_non_null(strstr(answer, "start aob-broker"));
	state_lock(state);
	state->turned_ms = clock_now_ms() - 3600000;
	state_unlock(state);
	assert_non_null(strstr(request("GET", "/healthz", "Host: localhost\r\n"), "HTTP/1.1 503"));
}

/* Reads until the words have come. */
static void wait_for(int fd, const char *words)
{
	static char got[65536];
	size_t used = 0;

	got[0] = '\0';
	while (strstr(got, words) == NULL) {
		ssize_t n = recv(fd, got + used, sizeof(got) - 1 - used, 0);

		if (n <= 0)
			fail_msg("no '%s' in %s", words, got);
		used += (size_t)n;
		got[used] = '\0';
	}
}

static void ask_stream(int fd, const char *more)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n%s\r\n", more);

	assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
}

static void events_are_streamed(void **unused)
{
	struct event one = lab_event(1, "run.started", "photos", "2026-11-25T19:10:00Z", "");
	struct event two = lab_event(2, "run.finished", "photos", "2026-11-25T19:10:01Z", "");
	int fd = dial();
	int late = dial();

	(void)unused;
	ask_stream(fd, "");
	wait_for(fd, "retry: 3000\n\n");
	assert_true(state_event(state, &one, "{\"n\":1}"));
	http_wake(http, false);
	wait_for(fd, "id: b-1\ndata: {\"n\":1}\n\n");
	assert_true(state_event(state, &two, "{\"n\":2}"));
	http_wake(http, false);
	wait_for(fd, "id: b-2\ndata: {\"n\":2}\n\n");
	http_wake(http, true);
	wait_for(fd, ": still here");
	ask_stream(late, "Last-Event-ID: b-1\r\n");
	wait_for(late, "id: b-2\ndata: {\"n\":2}\n\n");
	event_done(&one);
	event_done(&two);
	(void)close(late);
	(void)close(fd);
}

static void it_ends_while_streams_are_open(void **unused)
{
	int fds[20];

	(void)unused;
	for (size_t i = 0; i < 20; i++) {
		fds[i] = dial();
		ask_stream(fds[i], "");
		wait_for(fds[i], "retry:");
	}
	http_close(&http);
	assert_null(http);
	for (size_t i = 0; i < 20; i++)
		(void)close(fds[i]);
}

static void a_port_that_is_taken_is_said(void **unused)
{
	struct error err = { .class = ERR_NONE };
	struct http *second = NULL;

	(void)unused;
	assert_int_equal(http_open(&config, state, &second, &err), -1);
	assert_null(second);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "is taken"));
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, open_server, close_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(what_it_answers),
		SERVED(a_head_has_no_body),
		SERVED(the_unready_says_why),
		SERVED(events_are_streamed),
		SERVED(it_ends_while_streams_are_open),
		SERVED(a_port_that_is_taken_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
