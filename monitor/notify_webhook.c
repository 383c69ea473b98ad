#include "monitor/notify_webhook.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/version.h"
#include "monitor/notify_driver.h"
#include "monitor/notify_secret.h"

#define CONNECT_MS 15000L
#define TRY_MS 45000L

struct webhook {
	struct notify_context context;
};

/* ---- what is sent */

static void put_url(struct notify_webhook_request *request, const struct config_notify *config, const char *suffix)
{
	size_t n = strlen(config->url);

	while (*suffix != '\0' && n > 0 && config->url[n - 1] == '/')
		n--;
	(void)snprintf(request->url, sizeof(request->url), "%.*s%s", (int)n, config->url, suffix);
}

static void bearer(struct notify_webhook_request *request, const char *token, unsigned at)
{
	if (token != NULL)
		(void)snprintf(request->headers[at], sizeof(request->headers[at]), "Authorization: Bearer %s", token);
}

static void as_cloudevents(const struct config_notify *config, const struct notify_notice *notice, const char *token,
                           struct notify_webhook_request *request)
{
	put_url(request, config, "");
	(void)snprintf(request->headers[0], sizeof(request->headers[0]),
	               "Content-Type: application/cloudevents+json; charset=utf-8");
	bearer(request, token, 1);
	request->body = notify_notice_event(notice);
}

static void as_ntfy(const struct config_notify *config, const struct notify_notice *notice, const char *token,
                    struct notify_webhook_request *request)
{
	int urgency = notify_notice_urgency(notice);

	put_url(request, config, "");
	(void)snprintf(request->headers[0], sizeof(request->headers[0]), "Title: %s", notice->title);
	(void)snprintf(request->headers[1], sizeof(request->headers[1]), "Priority: %d", urgency);
	(void)snprintf(request->headers[2], sizeof(request->headers[2]), "Tags: %s",
	               urgency > 3                                               ? "rotating_light"
	               : notice->kind == CONFIG_NOTICE_FORECAST || notice->still ? "warning"
	                                                                         : "white_check_mark");
	bearer(request, token, 3);
	(void)snprintf(request->headers[4], sizeof(request->headers[4]), "Content-Type: text/plain; charset=utf-8");
	request->body = strdup(notice->text);
}

static void as_gotify(const struct config_notify *config, const struct notify_notice *notice, const char *token,
                      struct notify_webhook_request *request)
{
	json_t *json = json_pack("{s:s, s:s, s:i}", "title", notice->title, "message", notice->text, "priority",
	                         2 * notify_notice_urgency(notice));

	put_url(request, config, "/message");
	(void)snprintf(request->headers[0], sizeof(request->headers[0]), "Content-Type: application/json");
	(void)snprintf(request->headers[1], sizeof(request->headers[1]), "X-Gotify-Key: %s",
	               token != NULL ? token : "");
	request->body = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
}

static void as_healthchecks(const struct config_notify *config, const struct notify_notice *notice, const char *token,
                            struct notify_webhook_request *request)
{
	static const char *const suffixes[CONFIG_NOTICES] = {
		[CONFIG_NOTICE_FAILED] = "/fail",         [CONFIG_NOTICE_OVERDUE] = "/fail",
		[CONFIG_NOTICE_DAMAGED] = "/fail",        [CONFIG_NOTICE_BRAKED] = "/fail",
		[CONFIG_NOTICE_FORECAST] = "/log",        [CONFIG_NOTICE_BROKER] = "/fail",
		[CONFIG_NOTICE_NOT_RESTORABLE] = "/fail", [CONFIG_NOTICE_RECOVERED] = "",
		[CONFIG_NOTICE_STARTED] = "/start",       [CONFIG_NOTICE_FINISHED] = "",
	};

	/* Not green while something is wrong that this does not end. */
	put_url(request, config, *suffixes[notice->kind] == '\0' && notice->still ? "/log" : suffixes[notice->kind]);
	(void)snprintf(request->headers[0], sizeof(request->headers[0]), "Content-Type: text/plain; charset=utf-8");
	bearer(request, token, 1);
	request->body = strdup(notice->text);
}

int notify_webhook_fill(const struct config_notify *config, const struct notify_notice *notice, const char *token,
                        struct notify_webhook_request *request, struct error *err)
{
	static void (*const forms[])(const struct config_notify *, const struct notify_notice *, const char *,
	                             struct notify_webhook_request *) = {
		[CONFIG_WEBHOOK_CLOUDEVENTS] = as_cloudevents,
		[CONFIG_WEBHOOK_NTFY] = as_ntfy,
		[CONFIG_WEBHOOK_GOTIFY] = as_gotify,
		[CONFIG_WEBHOOK_HEALTHCHECKS] = as_healthchecks,
	};

	*request = (struct notify_webhook_request){ .body = NULL };
	if (strlen(config->url) + 16 > sizeof(request->url))
		return error_set(err, ERR_CONFIG, "the address is longer than %zu bytes", sizeof(request->url) - 16);
	forms[config->webhook](config, notice, token, request);
	return request->body != NULL ? 0 : error_set(err, ERR_SYSTEM, "out of memory");
}

/* ---- sending */

static int open_webhook(const struct notify_context *context, void **self, struct error *err)
{
	struct webhook *webhook = calloc(1, sizeof(*webhook));

	*self = webhook;
	if (webhook == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	webhook->context = *context;
	return 0;
}

/* Nobody reads what the far end says but its status. */
static size_t drop(char *data, size_t size, size_t n, void *cookie)
{
	(void)data;
	(void)cookie;
	return size * n;
}

static int look_around(void *cookie, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct notify_context *context = cookie;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load(context->stop) ? 1 : 0;
}

static int judge(CURLcode rc, long status, const char *why, struct error *err)
{
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return error_set(err, ERR_CANCELLED, "stopped, as this process ends");
	/* Not the address, which may hold a secret. */
	if (rc != CURLE_OK)
		return error_set(err, ERR_LINK, "%s%s", *why != '\0' ? why : curl_easy_strerror(rc),
		                 rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE
		                         ? ": look at ca_file, and at the name in the certificate"
		                         : "");
	if (status >= 200 && status < 300)
		return 0;
	if (status == 401 || status == 403)
		return error_set(err, ERR_PERMISSION, "HTTP status %ld: look at token_file and the address", status);
	/* Nobody there takes anything just now; all else is said of this one message. */
	if (status == 429 || (status >= 502 && status <= 504))
		return error_set(err, ERR_LINK, "HTTP status %ld", status);
	return error_set(err, ERR_PROTOCOL, "HTTP status %ld%s", status,
	                 status == 404 ? ": there is nothing of that address" : "");
}

static int post(const struct webhook *webhook, const struct notify_webhook_request *request, struct error *err)
{
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	CURLcode rc;
	long status = 0;

	if (curl == NULL)
		return error_set(err, ERR_SYSTEM, "curl can't begin");
	for (unsigned i = 0; i < NOTIFY_WEBHOOK_HEADERS; i++)
		if (request->headers[i][0] != '\0')
			headers = curl_slist_append(headers, request->headers[i]);
	headers = curl_slist_append(headers, "Expect:");
	(void)curl_easy_setopt(curl, CURLOPT_URL, request->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "AutoOffsiteBackup/" AOB_VERSION);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TRY_MS);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_around);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &webhook->context);
	if (webhook->context.config->ca_file != NULL)
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, webhook->context.config->ca_file);
	rc = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return judge(rc, status, why, err);
}

static int deliver(void *self, const struct notify_notice *notice, struct error *err)
{
	const struct webhook *webhook = self;
	const struct config_notify *config = webhook->context.config;
	struct notify_webhook_request request;
	char token[NOTIFY_SECRET_SIZE];
	int rc;

	if (config->token_file != NULL && notify_secret_read(config->token_file, token, err) != 0)
		return -1;
	if (notify_webhook_fill(config, notice, config->token_file != NULL ? token : NULL, &request, err) != 0)
		return -1;
	rc = post(webhook, &request, err);
	free(request.body);
	return rc;
}

const struct notify_driver notify_webhook_driver = { .open = open_webhook, .deliver = deliver, .close = free };
