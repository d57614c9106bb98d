# Compiler flags, ccache, mold and sanitizers.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g -D_GLIBCXX_ASSERTIONS")
add_compile_options(-Wall -Wextra -Werror=return-type -Wno-missing-field-initializers
                    -fno-strict-aliasing -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wno-cpp)
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # ccache with precompiled headers needs this; see ccache(1), "Precompiled headers".
  add_compile_options(-fpch-preprocess)
  # GCC 12 warns about code inside its own <optional>/<variant> under sanitizers and -O2.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
                      -Wno-stringop-overread -Wno-dangling-pointer)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety -Wno-unknown-warning-option)
endif()
# One setting for libraries and programs alike, or the precompiled header would fit only one of them.
add_compile_options(-fPIE)
add_link_options(-pie -Wl,-z,relro,-z,now)

if(YAGURA_SANITIZE)
  add_compile_options(-fsanitize=${YAGURA_SANITIZE} -fno-omit-frame-pointer -U_FORTIFY_SOURCE)
  add_link_options(-fsanitize=${YAGURA_SANITIZE})
  if(YAGURA_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(YAGURA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
