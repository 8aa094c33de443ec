#pragma once
/* A hash map from bytes to a pointer. Keys are copied, values borrowed. Seeded at random per map,
 * so that a peer cannot choose colliding keys. Not threaded. */

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

struct map;

struct map *map_create(void);
void map_destroy(struct map *map); /* values are not touched */

/** Put or replace; returns the value that stood there, or NULL. */
void *map_put(struct map *map, struct slice key, void *value);
void *map_find(const struct map *map, struct slice key);
/** Remove and return the value, or NULL. */
void *map_remove(struct map *map, struct slice key);
size_t map_count(const struct map *map);

/** Walk: start with `*cursor` = 0; false at the end. The map must not change on the way. */
bool map_next(const struct map *map, size_t *cursor, struct slice *key, void **value);
