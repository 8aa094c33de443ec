# The floors: what each folder of src/ may include (its own folder is understood), top first. Read by
# the Makefile (a unit test links only what its row reaches) and by tools/check-floors.
FLOORS := daemon cli api script message legs call rtc sip media sdp store net config base

needs_base   :=
needs_config := base
needs_net    := base
needs_store  := base
needs_sdp    := base
needs_media  := base net
needs_sip    := base net
needs_rtc    := base net media
needs_call   := base store sdp media
needs_legs   := base config net store sdp sip media rtc call
needs_message := base net store sip
needs_script := base net store media call message
needs_api    := base net store call legs script message
needs_cli    := base config net sip media rtc legs
needs_daemon := api cli script message legs call rtc sip media sdp store net config base

# Foreign libraries, by the floor that knows them (pkg-config names).
pkgs_base   := libuv libcrypto jansson yaml-0.1 zlib
pkgs_net    := libwebsockets libcurl libcares libssl
pkgs_store  := sqlite3
pkgs_media  := opus sndfile speexdsp
pkgs_rtc    := libssl
pkgs_script := libpcre2-8 expat
# and those without a pkg-config file
libs_media  := -lspandsp -ltiff -lflite_cmu_us_slt -lflite_usenglish -lflite_cmulex -lflite -lm
# pocketsphinx recognises speech where it is installed; its own list of libraries has a sound card's
ifneq ($(shell pkg-config --exists pocketsphinx && echo yes),)
libs_media += -lpocketsphinx -lsphinxbase
cflags_foreign := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags pocketsphinx))
endif
