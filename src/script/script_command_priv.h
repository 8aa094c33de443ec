#pragma once
/* What the files of the API's commands share: one command on its way. Control thread. */

#include <jansson.h>

#include "base/err.h"

struct call;
struct line;
struct line_op;
struct scripts;

struct command {
    struct scripts *scripts;
    struct call *call;
    struct line *line;
    const json_t *params;
    const char *control_id;
    json_t **answer;
    struct fault *fault;
};
typedef enum err (*command_fn)(const struct command *command);

/** A parameter is not what it must be. */
enum err command_invalid(const struct command *command, const char *where, const char *text);
/** ERR_EXISTS: its control_id is that of another one under way. */
MUST_CHECK enum err command_take_id(const struct command *command, const char *kind);
/** The one that the control_id means. ERR_NOT_FOUND. */
MUST_CHECK enum err command_find(const struct command *command, const char *kind,
                                 struct line_op **out);
MUST_CHECK enum err command_stop(const struct command *command, const char *kind);
void command_answer_id(const struct command *command, const struct line_op *op);

/* script_command_audio.c: what is played, recorded and listened to */
enum err command_collect(const struct command *command);
enum err command_start_input_timers(const struct command *command);
enum err command_detect(const struct command *command);
enum err command_play(const struct command *command);
enum err command_play_pause(const struct command *command);
enum err command_play_resume(const struct command *command);
enum err command_play_volume(const struct command *command);
enum err command_record(const struct command *command);
enum err command_record_pause(const struct command *command);
enum err command_record_resume(const struct command *command);

/* script_command_fork.c: what goes to programs elsewhere */
enum err command_stream(const struct command *command);
enum err command_tap(const struct command *command);

/* script_command_speech.c */
enum err command_live_transcribe(const struct command *command);
enum err command_transcribe(const struct command *command);
