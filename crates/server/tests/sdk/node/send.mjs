// Sends one message of each kind with Segment's SDK for Node.js: node send.mjs HOST WRITE_KEY.
// The package is looked for beside this script's working folder, where the test installed it.
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(join(process.cwd(), 'package.json'))
const { Analytics } = require('@segment/analytics-node')

const [host, writeKey] = process.argv.slice(2)
// Three messages a batch, so that several requests are made.
const analytics = new Analytics({ host, writeKey, flushAt: 3, maxRetries: 2 })
const failures = []
analytics.on('error', (error) => failures.push(`${error.code}: ${error.reason}`))
const statuses = []
analytics.on('http_response', ({ status }) => statuses.push(status))

const anonymousId = 'browser-17'
const userId = 'js-jane'

analytics.page({ anonymousId, name: 'Home', properties: { url: 'https://shop.example/' }, messageId: 'js-page' })
analytics.identify({
  userId,
  anonymousId,
  traits: { email: 'Jane@Example.org', name: 'Jane Ünal', birthday: '1990-02-28' },
  messageId: 'js-identify',
})
analytics.track({
  userId,
  event: 'Order Completed',
  messageId: 'js-order',
  timestamp: new Date('2026-03-14T15:09:26.535Z'),
  properties: {
    order_id: 'N-1',
    revenue: 25.0,
    shipping: 3,
    tax: 2,
    discount: 2.5,
    subtotal: 22.5,
    total: 27.5,
    currency: 'EUR',
    products: [
      { product_id: 'tea', sku: 'T-1', name: 'Green tea', category: 'Tea', price: 10, quantity: 2 },
      { product_id: 'cup', sku: 'C-1', name: 'Cup', category: 'Cups', price: 5, quantity: 1 },
    ],
  },
})
analytics.screen({ userId, name: 'Basket', messageId: 'js-screen' })
analytics.group({ userId, groupId: 'club', traits: { name: 'Tea club' }, messageId: 'js-group' })
analytics.alias({ previousId: 'old-jane', userId, messageId: 'js-alias' })
// The same message once more, as after a lost answer.
analytics.screen({ userId, name: 'Basket', messageId: 'js-screen' })
// Without an id of ours: the SDK makes one.
analytics.track({ userId, event: 'Product Viewed', properties: { product_id: 'cup' } })

await analytics.closeAndFlush({ timeout: 20000 })
console.log(JSON.stringify({ failures, statuses }))
process.exit(failures.length === 0 ? 0 : 1)
