PROGRAMS += aob-monitor
aob-monitor_SOURCES := \
	monitor/main.c \
	monitor/ask_pace.c \
	monitor/api.c \
	monitor/assets.c \
	monitor/details.c \
	monitor/event.c \
	monitor/exposition.c \
	monitor/host_check.c \
	monitor/hosts.c \
	monitor/http.c \
	monitor/metrics.c \
	monitor/monitor.c \
	monitor/notify.c \
	monitor/notify_book.c \
	monitor/notify_child.c \
	monitor/notify_command.c \
	monitor/notify_mail.c \
	monitor/notify_mqtt.c \
	monitor/notify_notice.c \
	monitor/notify_queue.c \
	monitor/notify_retry.c \
	monitor/notify_secret.c \
	monitor/notify_webhook.c \
	monitor/page.c \
	monitor/page_changes.c \
	monitor/page_generation.c \
	monitor/page_part.c \
	monitor/plot.c \
	monitor/sse.c \
	monitor/state.c \
	monitor/stream.c \
	monitor/template.c \
	monitor/text.c \
	monitor/textfile.c \
	monitor/verdict.c \
	monitor/view.c \
	monitor/view_detail.c \
	monitor/view_history.c \
	monitor/view_read.c \
	monitor/words.c
aob-monitor_LIBS := -lczmq -lzmq -lyaml -ljansson -lmicrohttpd -lcurl -lmosquitto -lm

# assets.c takes the page's files in by .incbin, which -MMD does not see.
$(OBJ)/monitor/assets.o: $(wildcard monitor/page/*)
