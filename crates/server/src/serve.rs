//! Running the server: listen, answer, and end in order.

use std::future::Future;

use perennial_store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::error::Error;
use crate::options::ServerOptions;
use crate::routes::router;
use crate::state::AppState;

/// Opens the listening socket, for example at [`DEFAULT_ADDRESS`](crate::DEFAULT_ADDRESS). Port 0 takes a free one.
///
/// # Errors
/// [`Error::Listen`] when the address is wrong or taken.
pub async fn listen(address: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address: address.to_owned(), source })
}

/// Answers requests and projects stored events, until `shutdown` is done.
///
/// Then no new connection is taken, requests that have begun are finished within
/// [`shutdown_timeout`](ServerOptions::shutdown_timeout), and the projection ends at a whole chunk or is rolled back.
///
/// # Errors
/// When the listening socket breaks.
pub async fn serve(
    listener: TcpListener,
    store: Store,
    options: ServerOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let address = listener.local_addr()?;
    let state = AppState::new(store.clone(), &options);
    let projector = state.projector.clone();
    let (end, ended) = watch::channel(false);
    let told = async move {
        shutdown.await;
        tracing::info!("ending: requests that have begun are finished");
        // The receiver below lives as long as this future is polled.
        let _ = end.send(true);
    };
    let server = axum::serve(listener, router(state, &options)).with_graceful_shutdown(told);
    tracing::info!(%address, "listening");
    tokio::select! {
        result = server => result?,
        () = projector.run(&store) => {}
        () = out_of_time(ended, &options) => tracing::warn!("some requests did not finish in time and were cut off"),
    }
    Ok(())
}

/// Done when the time for finishing is over.
async fn out_of_time(mut ended: watch::Receiver<bool>, options: &ServerOptions) {
    if ended.wait_for(|ended| *ended).await.is_ok() {
        sleep(options.shutdown_timeout).await;
    } else {
        std::future::pending::<()>().await;
    }
}
