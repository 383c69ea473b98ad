PROGRAMS += aob-broker
aob-broker_SOURCES := \
	broker/main.c \
	broker/alarms.c \
	broker/alarms_age.c \
	broker/brake_alarm.c \
	broker/broker.c \
	broker/cancel.c \
	broker/care.c \
	broker/care_due.c \
	broker/care_rehearse.c \
	broker/care_store.c \
	broker/care_verify.c \
	broker/client_verbs.c \
	broker/dispatch.c \
	broker/dying.c \
	broker/events.c \
	broker/figures.c \
	broker/forecast.c \
	broker/history.c \
	broker/history_macs.c \
	broker/history_seed.c \
	broker/history_trim.c \
	broker/hold_policy.c \
	broker/holds.c \
	broker/mdp_broker.c \
	broker/outcome.c \
	broker/outdated.c \
	broker/outlook.c \
	broker/overdue.c \
	broker/pipeline.c \
	broker/process_watch.c \
	broker/reload.c \
	broker/reply.c \
	broker/retry.c \
	broker/run_config.c \
	broker/run_store.c \
	broker/runs.c \
	broker/runs_load.c \
	broker/safety_json.c \
	broker/schema.c \
	broker/security.c \
	broker/seeding.c \
	broker/service.c \
	broker/shared.c \
	broker/sql.c \
	broker/steady.c \
	broker/store_upgrade.c \
	broker/turn.c \
	broker/status_json.c \
	broker/waiting.c \
	broker/watch_macs.c \
	broker/watch_state.c
aob-broker_LIBS := -lczmq -lzmq -lyaml -ljansson -lsqlite3

# schema.c takes the text in by .incbin, which -MMD does not see.
$(OBJ)/broker/schema.o: broker/schema.sql
