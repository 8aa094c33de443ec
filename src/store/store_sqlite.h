#pragma once
/* SQLite as a backend: a file in the state directory ("" or "sqlite:PATH") or memory (":memory:").
 * The only file that knows sqlite3. See backends.h for the contract. */

#include "store/backends.h"
