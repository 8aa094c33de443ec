#pragma once
/* The video line of offer and answer. Private to sdp/. */

#include "sdp/sdp_line.h"
#include "sdp/sdp_memory.h"
#include "sdp/sdp_offer.h"

/** Our offer's: what caps->video has, under numbers that this dialog has free. */
void sdp_offer_video(const struct sdp_caps *caps, struct sdp_memory *memory, struct sdp_line *line);
/** Their offer's first line that can pass beside its audio line; NULL: none. To be freed. */
struct sdp_video_result *sdp_offer_video_pick(const struct sdp_caps *caps,
                                              const struct sdp_memory *memory,
                                              const struct sdp_session *offer, size_t audio);
/** Our answer to that. */
void sdp_offer_video_answer(const struct sdp_caps *caps, struct sdp_memory *memory,
                            const struct sdp_result *result, struct sdp_line *line);
/** Their answer's; NULL: rejected, or none was offered. To be freed. */
struct sdp_video_result *sdp_offer_video_read(const struct sdp_caps *caps,
                                              const struct sdp_memory *memory,
                                              const struct sdp_session *answer);
