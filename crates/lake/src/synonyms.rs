//! The names that columns go by, in English and German, without blanks, case and marks; in each list the best come first.

use crate::columns::Role;

const CUSTOMER: &str = "customerid customer custid cust customerno customernumber customerkey customercode clientid client \
    userid user buyerid buyer memberid member shopperid accountid account contactid kundennummer kundennr kundenid kunde \
    kdnr customeremail email emailaddress billingemail mail emailadresse householdid householdkey id";

const DATE: &str = "orderdate date purchasedate transactiondate invoicedate orderedat orderdatetime datetime createdat \
    createddate created timestamp orderpurchasetimestamp ordertimestamp purchasedat placedat orderplaced paidat \
    processedat transactiontime eventtime time day txndate bestelldatum datum kaufdatum rechnungsdatum auftragsdatum \
    belegdatum zeitpunkt zeitstempel";

const AMOUNT: &str = "ordertotal totalamount amount net netamount total grandtotal totalprice ordervalue orderamount netsales \
    revenue sales salesamount totalsales value spend spent amountspent paymentvalue amountpaid paid turnover subtotal \
    linetotal lineamount monetary monetaryvalue gesamtbetrag betrag umsatz gesamtsumme summe bestellwert \
    rechnungsbetrag nettobetrag wert price preis unitprice einzelpreis";

const ORDER: &str = "orderid order ordernumber orderno ordernr invoiceid invoice invoiceno invoicenumber transactionid \
    txnid receiptid receiptno receipt basketid bestellnummer bestellnr bestellid bestellung auftragsnummer auftragsnr \
    rechnungsnummer rechnungsnr belegnummer belegnr";

const QUANTITY: &str = "quantity qty units itemcount menge anzahl stückzahl stueckzahl";

const PRICE: &str =
    "unitprice price priceeach priceperunit itemprice einzelpreis stückpreis stueckpreis preis";

const CURRENCY: &str = "currency currencycode ordercurrency isocurrency währung waehrung währungscode";

const REFUND: &str = "refund refundamount refundedamount amountrefunded totalrefunded refundedtotal refunded refunds \
    ordertotalrefunded erstattung rückerstattung rueckerstattung gutschrift";

const COST: &str = "cost costs totalcost ordercost cogs kosten wareneinsatz";

const STATUS: &str = "orderstatus status financialstatus paymentstatus bestellstatus auftragsstatus";

const CANCELLED_AT: &str = "cancelledat canceledat storniertam";

/// Names that say that a row is one line of an order.
const LINE: &str = "sku product productid productname productcode item itemid itemname orderitemid lineid lineno linenumber \
    orderline lineitem linetotal lineamount stockcode asin ean artikel artikelnummer position";

fn names(role: Role) -> &'static str {
    match role {
        Role::Customer => CUSTOMER,
        Role::Date => DATE,
        Role::Amount => AMOUNT,
        Role::Order => ORDER,
        Role::Quantity => QUANTITY,
        Role::Price => PRICE,
        Role::Currency => CURRENCY,
        Role::Refund => REFUND,
        Role::Cost => COST,
        Role::Status => STATUS,
        Role::CancelledAt => CANCELLED_AT,
        Role::Captured => "captured",
    }
}

/// How well a column's name fits the role; less is better.
pub(crate) fn fit(role: Role, name: &str) -> Option<usize> {
    let mut synonyms = names(role).split_whitespace();
    if let Some(rank) = synonyms.clone().position(|synonym| synonym == name) {
        return Some(rank);
    }
    // `master_customer_id` and `shop order date` end in a name of the list; short names would match too much.
    synonyms.position(|synonym| synonym.len() >= 6 && name.ends_with(synonym)).map(|rank| 1000 + rank)
}

/// Whether a name says that its column holds the price of one piece.
pub(crate) fn is_unit_price(name: &str) -> bool {
    PRICE.split_whitespace().any(|synonym| synonym == name)
}

/// Whether a name says that a row is one line of an order.
pub(crate) fn is_line(name: &str) -> bool {
    LINE.split_whitespace().any(|synonym| synonym == name)
}
