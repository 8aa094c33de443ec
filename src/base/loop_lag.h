#pragma once
/* How late a loop is: a timer that notes by how much it was missed. What blocks the loop shows here
 * before anybody hears it. The loop's own thread. */

#include <stdint.h>

struct loop;
struct loop_lag;

struct loop_lag *loop_lag_create(struct loop *loop);
void loop_lag_destroy(struct loop_lag *lag); /* NULL is fine */
/** The worst of the last 15 to 30 s, so that a reader that comes every 15 s misses none. */
int64_t loop_lag_ms(const struct loop_lag *lag);
