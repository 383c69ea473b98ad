#include "monitor/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "monitor/api.h"
#include "monitor/assets.h"
#include "monitor/exposition.h"
#include "monitor/host_check.h"
#include "monitor/hosts.h"
#include "monitor/page.h"
#include "monitor/sse.h"

#define HTML "text/html; charset=utf-8"
#define PLAIN "text/plain; charset=utf-8"
#define STUCK_MS 60000 /* the loop goes round every second */
#define CONNECTION_BYTES (32 * 1024)

struct http {
	struct MHD_Daemon *daemon;
	const struct config *config;
	struct state *state;
	struct sse *sse;
	char host[256]; /* this machine's name */
	atomic_ullong requests;
};

struct answer {
	unsigned status;
	const char *type;
	const char *again_s; /* of a 503: after how many seconds to ask again; NULL: some */
	struct text text;
};

static struct page_of page_now(const struct http *http)
{
	return (struct page_of){ http->state, http->config, (int64_t)time(NULL), clock_now_ms() };
}

static void answer_plain(struct answer *answer, unsigned status, const char *words)
{
	answer->status = status;
	answer->type = PLAIN;
	text_add(&answer->text, "%s\n", words);
}

static void route_home(const struct http *http, struct MHD_Connection *connection, struct answer *answer)
{
	struct page_of of = page_now(http);

	(void)connection;
	page_home(&of, &answer->text);
}

static void route_health(const struct http *http, struct MHD_Connection *connection, struct answer *answer)
{
	(void)connection;
	if (clock_now_ms() - http->state->turned_ms < STUCK_MS)
		answer_plain(answer, MHD_HTTP_OK, "ok");
	else
		answer_plain(answer, MHD_HTTP_SERVICE_UNAVAILABLE, "the monitor's loop is stuck; restart aob-monitor");
}

static void route_ready(const struct http *http, struct MHD_Connection *connection, struct answer *answer)
{
	struct page_of of = page_now(http);

	(void)connection;
	if (http->state->view != NULL && page_broker_lost_s(&of) == 0) {
		answer_plain(answer, MHD_HTTP_OK, "ready");
		return;
	}
	answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	answer->type = PLAIN;
	text_add(&answer->text, "the broker does not answer: %s\n", http->state->trouble);
}

static void put_metrics(const struct http *http, enum exposition_form form, struct text *text)
{
	char *hosts = hosts_read(http->config->state);
	struct exposition_server server = { atomic_load(&http->requests), sse_count(http->sse), hosts };

	exposition_write(http->state, &server, clock_now_ms(), form, text);
	free(hosts);
}

static void route_metrics(const struct http *http, struct MHD_Connection *connection, struct answer *answer)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool open_metrics = accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;

	answer->type = open_metrics ? EXPOSITION_OPEN_TYPE : EXPOSITION_PLAIN_TYPE;
	put_metrics(http, open_metrics ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS, &answer->text);
}

/* The broker's own words, and how fresh they are. */
static void route_status(const struct http *http, struct MHD_Connection *connection, struct answer *answer)
{
	struct page_of of = page_now(http);
	const struct state *state = http->state;

	(void)connection;
	answer->type = "application/json";
	text_add(&answer->text, "{\"v\":1,\"answered_at\":%lld,\"broker_lost_s\":%lld,\"answer\":%s}\n",
	         (long long)state->answered_at, (long long)page_broker_lost_s(&of),
	         state->status_json != NULL ? state->status_json : "null");
	if (state->status_json == NULL)
		answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
}

#define ASSET_ROUTE(name, asset, mime)                                                                                 \
	static void name(const struct http *http, struct MHD_Connection *connection, struct answer *answer)            \
	{                                                                                                              \
		(void)http;                                                                                            \
		(void)connection;                                                                                      \
		answer->type = (mime);                                                                                 \
		text_put(&answer->text, (asset), strlen(asset));                                                       \
	}
ASSET_ROUTE(route_style, assets_style_css, "text/css; charset=utf-8")
ASSET_ROUTE(route_script, assets_page_js, "text/javascript; charset=utf-8")
ASSET_ROUTE(route_icon, assets_icon_svg, "image/svg+xml")

static const struct {
	const char *path;
	void (*route)(const struct http *http, struct MHD_Connection *connection, struct answer *answer);
} routes[] = {
	{ "/", route_home },           { "/healthz", route_health },       { "/readyz", route_ready },
	{ "/metrics", route_metrics }, { "/api/v1/status", route_status }, { "/style.css", route_style },
	{ "/page.js", route_script },  { "/icon.svg", route_icon },
};

/* What stands behind the prefix as NAME or NAME/GENERATION: out: the name; *generation: in the path, NULL: none. false: something else. */
static bool split_path(const char *path, const char *prefix, char name[CONFIG_NAME_MAX + 1], const char **generation)
{
	const char *rest = path + strlen(prefix);
	size_t len;

	if (strncmp(path, prefix, strlen(prefix)) != 0)
		return false;
	len = strcspn(rest, "/");
	if (len == 0 || len > CONFIG_NAME_MAX)
		return false;
	memcpy(name, rest, len);
	name[len] = '\0';
	*generation = rest[len] == '/' ? rest + len + 1 : NULL;
	return true;
}

/* /pipelines/NAME and /pipelines/NAME/GENERATION. Returns false for anything else. */
static bool route_pipeline(const struct http *http, const char *path, struct answer *answer)
{
	struct page_of of = page_now(http);
	char name[CONFIG_NAME_MAX + 1];
	const char *generation;

	if (!split_path(path, "/pipelines/", name, &generation))
		return false;
	return (generation == NULL ? page_pipeline(&of, name, &answer->text)
	                           : page_generation(&of, name, generation, &answer->text)) == 0;
}

/* /api/v1/pipelines/NAME/GENERATION. What must be asked of the broker first is there a moment later. Returns false for anything else. */
static bool route_generation(const struct http *http, const char *path, struct answer *answer)
{
	char name[CONFIG_NAME_MAX + 1];
	const char *generation;
	int rc;

	if (!split_path(path, "/api/v1/pipelines/", name, &generation) || generation == NULL)
		return false;
	rc = api_generation(http->state, name, generation, &answer->text);
	if (rc < 0)
		return false;
	answer->type = "application/json";
	if (rc != 0)
		answer_plain(answer, MHD_HTTP_SERVICE_UNAVAILABLE, "the broker is being asked; try again in a moment");
	answer->again_s = "1";
	return true;
}

static void find_route(const struct http *http, struct MHD_Connection *connection, const char *path,
                       struct answer *answer)
{
	struct page_of of = page_now(http);

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(path, routes[i].path) == 0) {
			routes[i].route(http, connection, answer);
			return;
		}
	if (route_pipeline(http, path, answer) || route_generation(http, path, answer))
		return;
	answer->status = MHD_HTTP_NOT_FOUND;
	page_lost(&of, "There is no such page, pipeline or generation, or the broker has not told of it yet.",
	          &answer->text);
}

/* Nothing of another host, nothing inline, in no frame, never stored. */
static void add_headers(struct MHD_Response *response, const char *type)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
		{ "Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
		                             "connect-src 'self'; base-uri 'none'; "
		                             "form-action 'none'; frame-ancestors 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Cache-Control", "no-store" },
	};

	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i].name, headers[i].value);
}

/* Takes the response; NULL: there was no memory for it, the connection is closed. */
static enum MHD_Result queue(struct MHD_Connection *connection, const struct answer *answer,
                             struct MHD_Response *response)
{
	unsigned status = answer->status;
	enum MHD_Result rc;

	if (response == NULL)
		return MHD_NO;
	add_headers(response, answer->type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER,
		                              answer->again_s != NULL ? answer->again_s : "5");
	rc = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

/* Takes the answer's text. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *answer)
{
	size_t len = 0;
	char *data = text_take(&answer->text, &len);
	struct MHD_Response *response = NULL;

	if (data == NULL) {
		static char sorry[] = "out of memory\n";

		answer->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		answer->type = PLAIN;
		return queue(connection, answer,
		             MHD_create_response_from_buffer(strlen(sorry), sorry, MHD_RESPMEM_PERSISTENT));
	}
	response = MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(data);
	return queue(connection, answer, response);
}

/* What a GET would begin with: HEAD opens none. */
static enum MHD_Result head_of_stream(struct MHD_Connection *connection)
{
	struct answer answer = { .status = MHD_HTTP_OK, .type = "text/event-stream" };

	text_init(&answer.text);
	return send_answer(connection, &answer);
}

static enum MHD_Result open_stream(struct http *http, struct MHD_Connection *connection)
{
	const char *last_id = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID");
	struct MHD_Response *response = sse_open(http->sse, connection, last_id);
	struct answer answer = { .status = MHD_HTTP_OK, .type = "text/event-stream" };

	if (response != NULL)
		return queue(connection, &answer, response);
	text_init(&answer.text);
	answer_plain(&answer, MHD_HTTP_SERVICE_UNAVAILABLE, "too many event streams are open; try again later");
	return send_answer(connection, &answer);
}

static enum MHD_Result respond(struct http *http, struct MHD_Connection *connection, const char *path, bool is_get)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	struct answer answer = { .status = MHD_HTTP_OK, .type = HTML };

	text_init(&answer.text);
	atomic_fetch_add(&http->requests, 1);
	if (!host_check(host, http->host, http->config->monitor.host_names)) {
		answer_plain(&answer, MHD_HTTP_MISDIRECTED_REQUEST,
		             "This name is none of the monitor's. Use the address, or add the name to monitor: "
		             "host_names in aob.yaml.");
		return send_answer(connection, &answer);
	}
	if (strcmp(path, "/api/v1/events") == 0)
		return is_get ? open_stream(http, connection) : head_of_stream(connection);
	state_lock(http->state);
	find_route(http, connection, path, &answer);
	state_unlock(http->state);
	return send_answer(connection, &answer);
}

/* Called once with the head of a request, again for each part of a body, and at its end. */
static enum MHD_Result on_request(void *cookie, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *body, size_t *body_bytes, void **request)
{
	static int begun;
	bool is_get = strcmp(method, MHD_HTTP_METHOD_GET) == 0;
	struct answer answer = { .status = MHD_HTTP_OK, .type = HTML };

	(void)version;
	(void)body;
	if (!is_get && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		text_init(&answer.text);
		answer_plain(&answer, MHD_HTTP_METHOD_NOT_ALLOWED,
		             "the monitor only shows; GET and HEAD are all there is");
		return send_answer(connection, &answer);
	}
	if (*request == NULL) {
		*request = &begun;
		return MHD_YES;
	}
	if (*body_bytes != 0) { /* nobody wants it */
		*body_bytes = 0;
		return MHD_YES;
	}
	return respond(cookie, connection, path, is_get);
}

static void on_log(void *cookie, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static void on_log(void *cookie, const char *format, va_list args)
{
	char line[512];

	(void)cookie;
	(void)vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_trace("http", "%s", line);
}

static void fill_in(struct http *http, const struct config *config, struct state *state)
{
	http->config = config;
	http->state = state;
	(void)gethostname(http->host, sizeof(http->host) - 1);
	http->host[strcspn(http->host, ".")] = '\0'; /* the short one */
	atomic_init(&http->requests, 0);
}

static int listen_on(const struct config_monitor *monitor, struct error *err)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(monitor->port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(monitor->port) };
	const struct sockaddr *address =
	        monitor->is_ipv6 ? (const struct sockaddr *)&six : (const struct sockaddr *)&four;
	socklen_t len = monitor->is_ipv6 ? sizeof(six) : sizeof(four);
	const int yes = 1;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_sys(err, errno, "socket");
	(void)inet_pton(address->sa_family, monitor->address,
	                monitor->is_ipv6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, address, len) == 0 && listen(fd, 128) == 0)
		return fd;
	if (errno == EADDRINUSE)
		(void)error_set(err, ERR_CONFIG,
		                "%s:%u is taken: is another aob-monitor running? Else choose another monitor: listen "
		                "in aob.yaml",
		                monitor->address, monitor->port);
	else
		(void)error_sys(err, errno, "listening on %s:%u (monitor: listen in aob.yaml)", monitor->address,
		                monitor->port);
	(void)close(fd);
	return -1;
}

int http_open(const struct config *config, struct state *state, struct http **http, struct error *err)
{
	struct http *made = calloc(1, sizeof(*made));
	int fd = -1;

	*http = NULL;
	if (made == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	fill_in(made, config, state);
	made->sse = sse_new(state->stream);
	if (made->sse == NULL) {
		(void)error_set(err, ERR_SYSTEM, "out of memory");
		goto out;
	}
	fd = listen_on(&config->monitor, err);
	if (fd < 0)
		goto out;
	made->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
	                                NULL, NULL, on_request, made, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	                                MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX,
	                                MHD_OPTION_CONNECTION_TIMEOUT, HTTP_TIMEOUT_S,
	                                MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
	if (made->daemon == NULL) {
		(void)error_set(err, ERR_SYSTEM, "starting the server on %s:%u", config->monitor.address,
		                config->monitor.port);
		(void)close(fd);
		goto out;
	}
	*http = made;
	return 0;
out:
	http_close(&made);
	return -1;
}

void http_close(struct http **http)
{
	if (*http == NULL)
		return;
	if ((*http)->sse != NULL)
		sse_close((*http)->sse);
	if ((*http)->daemon != NULL)
		MHD_stop_daemon((*http)->daemon);
	sse_destroy(&(*http)->sse);
	free(*http);
	*http = NULL;
}

void http_wake(struct http *http, bool beat)
{
	sse_wake(http->sse, beat);
}

void http_textfile(struct http *http, struct text *text)
{
	state_lock(http->state);
	put_metrics(http, EXPOSITION_TEXTFILE, text);
	state_unlock(http->state);
}
