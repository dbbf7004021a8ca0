# What ops/package makes packages of, by cpack: where each file goes, and what a package needs.
# A program finds its files by where it lies: ../share/lyceum (lib/base/installed.h).
set(doc /usr/share/doc)
set(made ${CMAKE_BINARY_DIR}/package)

# Made by the programs, and of other packages: for ops/package alone.
add_custom_target(package-files
  COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
  COMMAND lyceum man | gzip -9n > ${made}/lyceum.1.gz
  COMMAND lyceum completion bash > ${made}/lyceum.bash
  COMMAND ${CMAKE_SOURCE_DIR}/ops/web ${made}/web
  COMMAND cat ${CMAKE_SOURCE_DIR}/ops/debian/copyright /usr/share/doc/libjs-katex/copyright
          /usr/share/doc/libjs-marked/copyright > ${made}/copyright.gateway
  DEPENDS lyceum VERBATIM)

install(TARGETS lyceum RUNTIME DESTINATION bin COMPONENT cli)
install(FILES ${made}/lyceum.1.gz DESTINATION share/man/man1 COMPONENT cli)
install(FILES ${made}/lyceum.bash DESTINATION share/bash-completion/completions RENAME lyceum COMPONENT cli)
install(DIRECTORY ops/prompts ops/courses DESTINATION share/lyceum COMPONENT cli)
install(FILES ops/nats/lyceum.conf ops/nats/nats-server.service.conf DESTINATION share/lyceum/nats COMPONENT cli)
install(PROGRAMS ops/nats/credentials DESTINATION share/lyceum/nats COMPONENT cli)
install(FILES CHANGELOG.md docs/install.md docs/operations.md docs/contract.md docs/front-ends.md docs/tools.md
        ops/alerts.yml DESTINATION ${doc}/lyceum COMPONENT cli)
install(FILES ops/llm.example.toml DESTINATION ${doc}/lyceum/examples RENAME llm.toml COMPONENT cli)
install(FILES ops/debian/copyright DESTINATION ${doc}/lyceum COMPONENT cli)
install(DIRECTORY ${made}/web DESTINATION share/lyceum COMPONENT gateway)
install(FILES ${made}/copyright.gateway DESTINATION ${doc}/lyceum-gateway RENAME copyright COMPONENT gateway)

# lyceum_service(COMPONENT NAME UNIT UNITS): its program, unit, settings, credentials and maintainer scripts.
function(lyceum_service COMPONENT NAME UNIT LYCEUM_UNITS)
  install(TARGETS lyceum-${NAME} RUNTIME DESTINATION bin COMPONENT ${COMPONENT})
  install(FILES ops/systemd/${UNIT} DESTINATION /lib/systemd/system COMPONENT ${COMPONENT})
  install(FILES ops/etc/${NAME}.toml DESTINATION /etc/lyceum COMPONENT ${COMPONENT})
  install(DIRECTORY DESTINATION /etc/lyceum/credentials/${NAME} COMPONENT ${COMPONENT}
          DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  if(NOT COMPONENT STREQUAL gateway)
    install(FILES ops/debian/copyright DESTINATION ${doc}/lyceum-${NAME} COMPONENT ${COMPONENT})
  endif()
  set(LYCEUM_STATE ${NAME})
  foreach(script postinst prerm postrm)
    configure_file(ops/debian/${script}.in ${made}/${NAME}/${script} @ONLY FILE_PERMISSIONS
                   OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endforeach()
  file(CONFIGURE OUTPUT ${made}/${NAME}/conffiles CONTENT "/etc/lyceum/${NAME}.toml\n")
  string(TOUPPER ${COMPONENT} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME lyceum-${NAME} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "passwd, lyceum (= ${PROJECT_VERSION})" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA
      "${made}/${NAME}/postinst;${made}/${NAME}/prerm;${made}/${NAME}/postrm;${made}/${NAME}/conffiles" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_STRICT_PERMISSION ON PARENT_SCOPE)
endfunction()
lyceum_service(session_worker session-worker lyceum-session-worker@.service "lyceum-session-worker@*.service")
lyceum_service(tool_worker tool-worker lyceum-tool-worker@.service "lyceum-tool-worker@*.service")
lyceum_service(gateway gateway lyceum-gateway.service lyceum-gateway.service)

string(PREPEND CPACK_DEBIAN_TOOL_WORKER_PACKAGE_DEPENDS "ca-certificates, ")  # Of providers of language models.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lyceum)
set(CPACK_PACKAGE_VENDOR Lyceum)
set(CPACK_PACKAGE_CONTACT "Lyceum <lyceum@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL cli session_worker tool_worker gateway)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_CLI_PACKAGE_NAME lyceum)
set(CPACK_DEBIAN_CLI_PACKAGE_SUGGESTS "nats-server, ca-certificates")
set(CPACK_COMPONENT_CLI_DESCRIPTION "Lyceum: the command, prompts, an example course and documentation
 A stateful server of LLM tutoring sessions over NATS.")
set(CPACK_COMPONENT_SESSION_WORKER_DESCRIPTION "Lyceum: folds learners' records into sessions
 One or several share the partitions of the log among themselves.")
set(CPACK_COMPONENT_TOOL_WORKER_DESCRIPTION "Lyceum: runs the tools that sessions ask for
 Grading, and language models where they are configured.")
set(CPACK_COMPONENT_GATEWAY_DESCRIPTION "Lyceum: lets browsers and front ends in
 HTTP, server-sent events and WebSockets, and the learner's page.")
include(CPack)
