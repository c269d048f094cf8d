#include "server/app_outbound.h"

#include "server/app_limits.h"

namespace millrace {

Outbound::Outbound(outbound::AddressPolicy rules, const ops::Config& config, media::Domain& domain, rt::Budget& budget)
    : policy(std::move(rules)),
      client(policy, {.ca_file = config.outbound.ca_file, .budget = &budget}),
      importer(domain.imports, domain.uploads, client, importer_limits(config)) {}

rt::Result<std::unique_ptr<Outbound>> make_outbound(const ops::Config& config, media::Domain& domain,
                                                    rt::Budget& budget) {
  auto policy = outbound::AddressPolicy::parse(config.outbound.allow);
  if (!policy) return rt::pass(policy);
  auto made = std::make_unique<Outbound>(std::move(*policy), config, domain, budget);
  domain.imports.limit({.files_max = static_cast<std::size_t>(config.imports.files_per_import_max)});
  domain.jobs.add_kind(std::string(media::kImportKind), made->importer.kind());
  return made;
}

}  // namespace millrace
