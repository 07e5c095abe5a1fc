// Reports what Jitsu's client can say as a server, which is less. Arguments: address, write key.
import { jitsuAnalytics } from "@jitsu/js";

const [host, writeKey] = process.argv.slice(2);
const analytics = jitsuAnalytics({ host, writeKey, s2s: true, errorPolicy: "rethrow" });
await analytics.identify("anna", { email: "anna@shop.example", first_name: "Anna" });
await analytics.track("Product Added", { product_id: "boots", price: 120.5, quantity: 2 });
await analytics.group("acme", { plan: "pro" });
await analytics.page({ url: "/pricing" });
