#pragma once
/* A stream on its media thread: what the thread, the messages of control (media_stream.c) and the
 * transports (through transport.h) call. Inside it is stream_priv.h. */

#include "media/media_priv.h"

struct media_transport;

struct stream_id stream_core_id(const struct media_stream_core *core);
/** About every 50 ms. */
void stream_core_tick(struct media_stream_core *core);

/* Messages; `cmd` says what goes with each. */
void stream_core_run_create(struct media_thread *thread, struct media_stream_core *core,
                            const struct media_cmd *cmd); /* give: the transport, peer: our id */
void stream_core_run_destroy(struct media_thread *thread, struct media_stream_core *core,
                             const struct media_cmd *cmd);
void stream_core_run_describe(struct media_thread *thread, struct media_stream_core *core,
                              const struct media_cmd *cmd);
void stream_core_run_tell(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd);
void stream_core_run_link(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd);
void stream_core_run_unlink(struct media_thread *thread, struct media_stream_core *core,
                            const struct media_cmd *cmd);
void stream_core_run_echo(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd);
void stream_core_run_mute(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd);
void stream_core_run_hide(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd);
void stream_core_run_denoise(struct media_thread *thread, struct media_stream_core *core,
                             const struct media_cmd *cmd);
void stream_core_run_play(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd);
void stream_core_run_tone(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd);
void stream_core_run_play_pause(struct media_thread *thread, struct media_stream_core *core,
                                const struct media_cmd *cmd);
void stream_core_run_play_gain(struct media_thread *thread, struct media_stream_core *core,
                               const struct media_cmd *cmd);
void stream_core_run_play_seek(struct media_thread *thread, struct media_stream_core *core,
                               const struct media_cmd *cmd);
void stream_core_run_play_stop(struct media_thread *thread, struct media_stream_core *core,
                               const struct media_cmd *cmd);
void stream_core_run_record(struct media_thread *thread, struct media_stream_core *core,
                            const struct media_cmd *cmd); /* no recorder: stop */
void stream_core_run_record_pause(struct media_thread *thread, struct media_stream_core *core,
                                  const struct media_cmd *cmd);
void stream_core_run_listen(struct media_thread *thread, struct media_stream_core *core,
                            const struct media_cmd *cmd);
void stream_core_run_pipes(struct media_thread *thread, struct media_stream_core *core,
                           const struct media_cmd *cmd); /* give: struct media_pipes */
void stream_core_run_dtmf(struct media_thread *thread, struct media_stream_core *core,
                          const struct media_cmd *cmd);
