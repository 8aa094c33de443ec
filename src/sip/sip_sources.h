#pragma once
/* How many requests each address has under way, so that one cannot use up what there is for all.
 * Control thread. */

#include <stdbool.h>
#include <stddef.h>

#include "net/addr.h"

struct sip_sources;

struct sip_sources *sip_sources_create(size_t max_each);
void sip_sources_destroy(struct sip_sources *sources);

/** It has as many as it may. */
bool sip_sources_is_full(const struct sip_sources *sources, const struct addr *addr);
/** One more, and one less; ports do not matter. */
void sip_sources_enter(struct sip_sources *sources, const struct addr *addr);
void sip_sources_leave(struct sip_sources *sources, const struct addr *addr);
