//! What has been said of an order, put together: a pure function of all its messages, whatever the order of arrival.

use std::collections::BTreeSet;

use super::Amount;
use super::event::{Line, OrderEvent, OrderEventKind};
use super::net::{Amounts, NetFormula, NetRule};
use crate::identity::Identifier;

/// An order as all its messages together tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) by: Option<Identifier>,
    pub(crate) placed_at: i64,
    pub(crate) cancelled_at: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) coupon: Option<String>,
    pub(crate) amounts: Amounts,
    pub(crate) net: Option<(Amount, NetFormula)>,
    pub(crate) lines: Vec<Line>,
    pub(crate) source: String,
    pub(crate) updated_at: i64,
}

/// A refund: what it takes from the net value of its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) by: Option<Identifier>,
    pub(crate) at: i64,
    pub(crate) currency: Option<String>,
    /// `None` while the order is unknown and the refund is of all of it.
    pub(crate) amount: Option<Amount>,
    /// What was reported beyond what was left of the order: shipping and tax paid back, or an error of the shop.
    pub(crate) excess: Option<Amount>,
    pub(crate) reason: Option<String>,
}

/// An order (unless only refunds or cancellations are known of it) and its refunds in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) order: Option<Order>,
    pub(crate) refunds: Vec<Refund>,
}

/// Puts all messages about one order together.
pub(crate) fn tell(mut events: Vec<OrderEvent>, rule: NetRule) -> Told {
    events.sort_by(|a, b| {
        (a.at, &a.source, &a.message_id, a.kind).cmp(&(b.at, &b.source, &b.message_id, b.kind))
    });
    let order = order(&events, rule);
    let refunds = refunds(&events, order.as_ref(), rule);
    Told { order, refunds }
}

fn order(events: &[OrderEvent], rule: NetRule) -> Option<Order> {
    let of = |kind| events.iter().filter(move |event| event.kind == kind);
    let placed = of(OrderEventKind::Completed).chain(of(OrderEventKind::Updated)).next()?;
    let mut order = Order {
        by: who(events),
        placed_at: placed.at,
        cancelled_at: of(OrderEventKind::Cancelled).next().map(|event| event.at),
        currency: None,
        coupon: None,
        amounts: Amounts::default(),
        net: None,
        lines: Vec::new(),
        source: placed.source.clone(),
        updated_at: events.last()?.at,
    };
    let describing = |event: &&OrderEvent| event.kind <= OrderEventKind::Updated;
    for event in events.iter().filter(describing) {
        order.amounts.replace_by(event.said.amounts);
        replace(&mut order.currency, event.said.currency.as_ref());
        replace(&mut order.coupon, event.said.coupon.as_ref());
        if let Some(lines) = &event.said.lines {
            order.lines.clone_from(lines);
        }
    }
    order.net = net(&order.amounts, &order.lines, rule);
    Some(order)
}

fn replace(kept: &mut Option<String>, new: Option<&String>) {
    if let Some(new) = new {
        *kept = Some(new.clone());
    }
}

/// Whose order it is: the surest kind of identifier that any message names, of that kind the first in time.
fn who(events: &[OrderEvent]) -> Option<Identifier> {
    events.iter().filter_map(|event| event.by.as_ref()).min_by_key(|by| by.kind().uncertainty()).cloned()
}

/// The value by the rule, else by the products; never below zero.
fn net(amounts: &Amounts, lines: &[Line], rule: NetRule) -> Option<(Amount, NetFormula)> {
    let (net, formula) = amounts.net(rule).or_else(|| sum(lines).map(|sum| (sum, NetFormula::Products)))?;
    Some((net.max(Amount::ZERO), formula))
}

fn sum(lines: &[Line]) -> Option<Amount> {
    lines.iter().filter_map(Line::value).reduce(Amount::plus)
}

/// Refunds in the order of time. Together they take no more than the order's net value; a message without amounts
/// refunds all that is left.
fn refunds(events: &[OrderEvent], order: Option<&Order>, rule: NetRule) -> Vec<Refund> {
    let mut left = order.and_then(|order| order.net).map(|(net, _)| net);
    let currency = order.and_then(|order| order.currency.as_ref());
    distinct_refunds(events)
        .into_iter()
        .map(|(id, event)| {
            let reported = net(&event.said.amounts, event.said.lines.as_deref().unwrap_or_default(), rule)
                .map(|(net, _)| net);
            let comparable = match (&event.said.currency, currency) {
                (Some(refunded), Some(ordered)) => refunded == ordered,
                _ => true,
            };
            let (amount, excess) = match (left, reported) {
                (Some(_), Some(reported)) if !comparable => (Some(Amount::ZERO), Some(reported)),
                (Some(rest), reported) => {
                    let reported = reported.unwrap_or(rest);
                    let amount = reported.min(rest);
                    left = Some(rest.minus(amount));
                    let excess = reported.minus(amount);
                    (Some(amount), (excess > Amount::ZERO).then_some(excess))
                }
                (None, reported) => (reported, None),
            };
            Refund {
                id,
                by: event.by.clone(),
                at: event.at,
                currency: event.said.currency.clone().or_else(|| currency.cloned()),
                amount,
                excess,
                reason: event.said.reason.clone(),
            }
        })
        .collect()
}

/// One message per refund: with the shop's `refund_id` the first that carries it, else each message is a refund of its own.
fn distinct_refunds(events: &[OrderEvent]) -> Vec<(String, &OrderEvent)> {
    let mut seen = BTreeSet::new();
    let mut refunds = Vec::new();
    for event in events.iter().filter(|event| event.kind == OrderEventKind::Refunded) {
        let id = match &event.said.refund_id {
            Some(id) => format!("{}/{id}", event.order_id),
            None => format!("{}/{}", event.source, event.message_id),
        };
        if seen.insert(id.clone()) {
            refunds.push((id, event));
        }
    }
    refunds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::event::read;
    use crate::json::Object;

    fn event(kind: OrderEventKind, at: i64, properties: &str) -> OrderEvent {
        let (order_id, said) = read(&Object::parse(properties)).unwrap();
        OrderEvent {
            order_id,
            source: "shop".into(),
            message_id: format!("m{at}{}", kind.as_str()),
            kind,
            at,
            by: None,
            said,
        }
    }

    fn completed(at: i64, rest: &str) -> OrderEvent {
        event(OrderEventKind::Completed, at, &format!(r#"{{"order_id": "1", {rest}}}"#))
    }

    fn refunded(at: i64, rest: &str) -> OrderEvent {
        event(OrderEventKind::Refunded, at, &format!(r#"{{"order_id": "1"{rest}}}"#))
    }

    fn amounts(told: &Told) -> Vec<(Option<String>, Option<String>)> {
        let text = |amount: Option<Amount>| amount.map(|amount| amount.to_string());
        told.refunds.iter().map(|refund| (text(refund.amount), text(refund.excess))).collect()
    }

    // Wrapped, so that a table of expectations reads at a glance.
    #[allow(clippy::unnecessary_wraps)]
    fn some(amount: &str) -> Option<String> {
        Some(amount.to_owned())
    }

    #[test]
    fn a_refund_without_amount_takes_what_is_left() {
        let told = tell(
            vec![
                refunded(30, ""),
                completed(10, r#""subtotal": 22.5, "total": 27.5"#),
                refunded(20, r#", "total": "10""#),
                refunded(40, ""),
            ],
            NetRule::default(),
        );
        assert_eq!(amounts(&told), [(some("10"), None), (some("12.5"), None), (some("0"), None)]);
    }

    #[test]
    fn refunds_never_exceed_the_order_and_say_by_how_much_they_would() {
        let order = completed(10, r#""subtotal": 22.5, "total": 27.5, "currency": "EUR""#);
        let told = tell(
            vec![order.clone(), refunded(20, r#", "total": 20"#), refunded(30, r#", "total": 7.5"#)],
            NetRule::default(),
        );
        assert_eq!(amounts(&told), [(some("20"), None), (some("2.5"), some("5"))]);
        let foreign =
            tell(vec![order, refunded(20, r#", "total": 20, "currency": "USD""#)], NetRule::default());
        assert_eq!(amounts(&foreign), [(some("0"), some("20"))], "currencies never mix");
        assert_eq!(foreign.refunds[0].currency.as_deref(), Some("USD"));
    }

    #[test]
    fn a_refund_can_list_its_products() {
        let told = tell(
            vec![
                completed(10, r#""products": [{"sku": "A", "price": 10, "quantity": 3}]"#),
                refunded(20, r#", "products": [{"sku": "A", "price": 10, "quantity": 2}]"#),
            ],
            NetRule::default(),
        );
        let order = told.order.as_ref().unwrap();
        assert_eq!(
            order.net.map(|(net, formula)| (net.to_string(), formula)),
            Some(("30".into(), NetFormula::Products))
        );
        assert_eq!(amounts(&told), [(some("20"), None)]);
    }

    #[test]
    fn refunds_and_cancellations_wait_for_their_order() {
        let early = vec![refunded(20, ""), event(OrderEventKind::Cancelled, 25, r#"{"order_id": "1"}"#)];
        let told = tell(early.clone(), NetRule::default());
        assert_eq!(told.order, None);
        assert_eq!(amounts(&told), [(None, None)]);
        let told = tell([early, vec![completed(10, r#""subtotal": 5"#)]].concat(), NetRule::default());
        assert_eq!(told.order.as_ref().unwrap().cancelled_at, Some(25));
        assert_eq!(amounts(&told), [(some("5"), None)]);
    }

    #[test]
    fn the_latest_message_that_names_a_field_wins() {
        let told = tell(
            vec![
                event(OrderEventKind::Updated, 30, r#"{"order_id": "1", "subtotal": 15}"#),
                completed(10, r#""subtotal": 20, "coupon": "MAY", "products": [{"sku": "A"}]"#),
                event(OrderEventKind::Updated, 20, r#"{"order_id": "1", "subtotal": 18, "coupon": "JUNE"}"#),
            ],
            NetRule::default(),
        );
        let order = told.order.unwrap();
        assert_eq!(order.net.unwrap().0.to_string(), "15");
        assert_eq!((order.coupon.as_deref(), order.lines.len()), (Some("JUNE"), 1));
        assert_eq!((order.placed_at, order.updated_at), (10, 30));
    }

    #[test]
    fn one_refund_reported_by_two_devices_is_one_if_it_has_a_number() {
        let mut twice = [
            refunded(20, r#", "total": 5, "refund_id": "R1""#),
            refunded(21, r#", "total": 5, "refund_id": "R1""#),
        ];
        twice[1].source = "server".into();
        let mut events = vec![completed(10, r#""subtotal": 20"#)];
        events.extend(twice);
        assert_eq!(amounts(&tell(events, NetRule::default())), [(some("5"), None)]);
    }

    #[test]
    fn the_surest_identifier_owns_the_order() {
        let named =
            |at, by: &str| OrderEvent { by: Some(by.parse().unwrap()), ..completed(at, r#""subtotal": 1"#) };
        let told = tell(
            vec![
                named(1, "anonymous_id:device"),
                named(2, "email:jane@example.org"),
                named(3, "user_id:7"),
                named(4, "user_id:8"),
            ],
            NetRule::default(),
        );
        assert_eq!(told.order.unwrap().by.unwrap().to_string(), "user_id:7");
    }
}
