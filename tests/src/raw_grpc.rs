//! Calls any method by name, with messages as bytes.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use tokio_stream::StreamExt as _;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// How long to wait for a stream's first message before it counts as open and silent.
const SILENCE: Duration = Duration::from_secs(2);

/// Calls `/package.Service/Method` with one message, and returns the first message of the answer; empty if the stream
/// stays silent or ends without one.
///
/// # Errors
/// The status of the call.
pub async fn call(channel: Channel, path: &str, request: Request<Bytes>) -> Result<Bytes, Status> {
    let path = PathAndQuery::try_from(path).map_err(|error| Status::invalid_argument(error.to_string()))?;
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let request = request.map(tokio_stream::once);
    let first = async {
        let mut answers = grpc.streaming(request, path, BytesCodec).await?.into_inner();
        answers.next().await.unwrap_or_else(|| Ok(Bytes::new()))
    };
    tokio::time::timeout(SILENCE, first).await.unwrap_or_else(|_| Ok(Bytes::new()))
}

/// Sends the head of a call of `/package.Service/Method`, and never the message.
///
/// # Errors
/// The status of the call.
pub async fn call_without_message(channel: Channel, path: &str, head: Request<()>) -> Result<Bytes, Status> {
    let path = PathAndQuery::try_from(path).map_err(|error| Status::invalid_argument(error.to_string()))?;
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let request = head.map(|()| tokio_stream::pending::<Bytes>());
    let mut answers = grpc.streaming(request, path, BytesCodec).await?.into_inner();
    answers.next().await.unwrap_or_else(|| Ok(Bytes::new()))
}

/// Passes messages through as bytes.
#[derive(Clone, Copy, Debug, Default)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
