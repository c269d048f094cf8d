# The Debian package, made by `./dev deb`: the binary, its configuration as a conffile, the unit, and a user of its own.
include(GNUInstallDirs)

install(TARGETS millrace RUNTIME DESTINATION /usr/bin)
install(FILES ${PROJECT_SOURCE_DIR}/conf/millrace.toml DESTINATION /etc/millrace)
install(FILES ${PROJECT_SOURCE_DIR}/conf/millrace.service DESTINATION /lib/systemd/system)
install(FILES conf/nginx.conf conf/haproxy.cfg conf/Caddyfile DESTINATION /usr/share/doc/millrace/examples)
install(FILES README.md DESTINATION /usr/share/doc/millrace)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME millrace)
set(CPACK_PACKAGE_CONTACT "Millrace <millrace@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Media ingest server: uploads, deduplicated storage, playable media")
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION video)
# The libraries come from dpkg-shlibdeps; the media tools are programs, which it cannot see.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ffmpeg, bubblewrap")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/conf/debian/conffiles ${PROJECT_SOURCE_DIR}/conf/debian/postinst
    ${PROJECT_SOURCE_DIR}/conf/debian/prerm ${PROJECT_SOURCE_DIR}/conf/debian/postrm)
include(CPack)
